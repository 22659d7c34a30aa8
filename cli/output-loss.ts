import { OpsbroError } from '../core/errors.ts';
import { errorText } from './error-text.ts';

/** A stream of this process. */
interface Stream {
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** What becomes of a command whose output cannot be written. */
export interface OutputLoss {
  /** Aborts once stdout is gone or full: what would print for ever ends. */
  readonly signal: AbortSignal;
  /** The exit code of a command that would have ended with `code`. */
  exitCode(code: number): number;
}

/**
 * Follows the errors of both outputs. A reader that goes away (`| head`) or a terminal that closes is no failure of the command; a disk
 * that is full is: `onFailure` is called, after one line on stderr. An error of stderr has nobody left to be told.
 */
export function followOutputs(
  stdout: Stream,
  stderr: Stream,
  isJson: boolean,
  onFailure: () => void,
): OutputLoss {
  const lost = new AbortController();
  let failed = false;
  stderr.on('error', () => undefined);
  stdout.on('error', (error) => {
    if (lost.signal.aborted) return;
    lost.abort();
    if (error.code === 'EPIPE' || error.code === 'EIO') return;
    failed = true;
    const message = `stdout cannot be written: ${error.message}`;
    stderr.write(`${errorText(new OpsbroError('OPSBRO_HOST_IO', message, { cause: error }), isJson)}\n`);
    onFailure();
  });
  return { signal: lost.signal, exitCode: (code) => (failed ? 1 : code) };
}
