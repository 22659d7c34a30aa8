/** An error as `ctx` methods reject with: a message and one of the `OPSBRO_HOST_…` codes. */
export class HostError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'HostError';
    this.code = code;
  }
}

/** Turns an error of `node:fs` or `node:child_process` into the one a plugin would see from the agent. */
export function hostError(cause: unknown, path: string): Error {
  if (cause instanceof HostError) return cause;
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new HostError('OPSBRO_HOST_NOT_FOUND', `${path}: no such file or directory`);
  if (code === 'EACCES' || code === 'EPERM')
    return new HostError('OPSBRO_HOST_DENIED', `${path}: permission denied`);
  return new HostError(
    'OPSBRO_HOST_IO',
    `${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
  );
}

/** The lines of a text without their ends; a last empty line is dropped. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
