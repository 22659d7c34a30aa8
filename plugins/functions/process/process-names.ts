import type { FunctionContext } from 'opsbro/sdk';

const maxProcesses = 20_000;
const readsAtOnce = 8;

/**
 * The names of the running processes, sorted and each once, at most 15 characters as the kernel keeps them. Processes of nested
 * PID namespaces, those in containers, are left out: they are not this host's. Looks at 20,000 processes at most.
 */
export async function processNames(ctx: FunctionContext): Promise<string[]> {
  const entries = await ctx.list('/proc');
  const ids = entries.map(({ name }) => name).filter((name) => /^\d+$/.test(name));
  const names = new Set<string>();
  for (let start = 0; start < Math.min(ids.length, maxProcesses); start += readsAtOnce) {
    const batch = ids.slice(start, start + readsAtOnce);
    const texts = await Promise.all(batch.map((id) => ctx.tryReadText(`/proc/${id}/status`)));
    // A process that ended since the directory was listed has no text.
    for (const text of texts) {
      const name = text === undefined ? undefined : ownName(text);
      if (name !== undefined) names.add(name);
    }
  }
  return [...names].sort();
}

/** The name in a `/proc/PID/status` text, undefined for a process of a nested PID namespace (more than one id under NSpid). */
export function ownName(status: string): string | undefined {
  const nested = /^NSpid:\t\d+\t\d/m.test(status);
  return nested ? undefined : /^Name:\t(.*)$/m.exec(status)?.[1];
}
