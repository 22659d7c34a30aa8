import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { Clock, Log } from 'opsbro/sdk';
import { commandLine, type Result } from './results.ts';
import type { After } from './timers.ts';

const absentMs = 1000;
const fullMs = 50;
const mostWaiting = 100_000;

/** What a pipe is made of. */
export interface CommandPipeParts {
  path: string;
  clock: Clock;
  after: After;
  log: Log;
  /** How many results are kept; 100,000 when not said. */
  maxWaiting?: number | undefined;
}

/**
 * The command pipe of a monitoring tool. Opened anew for each batch and never waited for: while nobody reads it, or it is full, the newest result
 * of each service is kept, up to a bound; then the oldest go.
 */
export class CommandPipe {
  readonly #parts: CommandPipeParts;
  readonly #waiting = new Map<string, { result: Result; at: number }>();
  #cancel: (() => void) | undefined;
  /** Why nothing can be written, as last logged. */
  #trouble = '';
  #dropped = 0;

  constructor(parts: CommandPipeParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes results and writes what can be written now. */
  put(results: readonly Result[]): void {
    const { clock, maxWaiting = mostWaiting } = this.#parts;
    const at = clock.now();
    for (const result of results) this.#waiting.set(result.key, { result, at });
    for (const key of this.#waiting.keys()) {
      if (this.#waiting.size <= maxWaiting) break;
      this.#waiting.delete(key);
      this.#dropped += 1;
    }
    if (this.#cancel === undefined) this.#flush();
  }

  /** Lets go of what waits for services that are no more. */
  prune(isKnown: (key: string) => boolean): void {
    for (const key of this.#waiting.keys()) if (!isKnown(key)) this.#waiting.delete(key);
  }

  /** Writes nothing any more. */
  close(): void {
    this.#cancel?.();
    this.#waiting.clear();
  }

  #flush(): void {
    this.#cancel = undefined;
    if (this.#waiting.size === 0) return;
    const { log, path, after } = this.#parts;
    const stopped = this.#write();
    const trouble = stopped === 'EAGAIN' ? '' : stopped;
    if (trouble !== this.#trouble) {
      this.#trouble = trouble;
      if (trouble !== '')
        log.warn(`${path}: ${reasons[trouble] ?? trouble}; results are kept until it is read`);
      else log.info(`${path} is read again`);
    }
    if (this.#dropped > 0 && trouble === '') {
      log.warn(`${this.#dropped} results were dropped while ${path} was not read`);
      this.#dropped = 0;
    }
    if (this.#waiting.size > 0) {
      this.#cancel = after(trouble === '' ? fullMs : absentMs, () => this.#flush());
    }
  }

  /** Writes until nothing waits or the pipe takes no more; tells why it stopped, empty when all is written. */
  #write(): string {
    let pipe: number | undefined;
    try {
      pipe = openSync(this.#parts.path, constants.O_WRONLY | constants.O_NONBLOCK);
      if (!fstatSync(pipe).isFIFO()) return 'ENOTPIPE';
      for (const [key, { result, at }] of this.#waiting) {
        writeSync(pipe, commandLine(result, at));
        this.#waiting.delete(key);
      }
      return '';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    } finally {
      if (pipe !== undefined) closeSync(pipe);
    }
  }
}

const reasons: { [code: string]: string } = {
  ENOENT: 'there is no such pipe',
  ENXIO: 'nobody reads it',
  EPIPE: 'nobody reads it any more',
  EACCES: 'the agent may not write it',
  ENOTPIPE: 'it is no pipe',
};
