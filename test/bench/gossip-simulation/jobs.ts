import { fork } from 'node:child_process';
import type { Cell, runCell } from './cells.ts';
import type { Job } from './job.ts';
import type { runScale, runSplit, ScaleRun, SplitRun } from './scale.ts';

const file = new URL('./job.js', import.meta.url);

/** Runs simulations in processes of their own, a bounded number at once. */
export class Jobs {
  readonly #limit: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  cell(...of: Parameters<typeof runCell>): Promise<Cell> {
    return this.#run({ do: 'cell', of });
  }

  scale(...of: Parameters<typeof runScale>): Promise<ScaleRun> {
    return this.#run({ do: 'scale', of });
  }

  split(...of: Parameters<typeof runSplit>): Promise<SplitRun> {
    return this.#run({ do: 'split', of });
  }

  async #run<Result>(job: Job): Promise<Result> {
    if (this.#running >= this.#limit) await new Promise<void>((next) => this.#waiting.push(next));
    this.#running += 1;
    try {
      return await inChild<Result>(job);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}

/** Throws where the process ends without a result. */
function inChild<Result>(job: Job): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = fork(file, { serialization: 'advanced' });
    // A simulation runs in one go: it would not see that nobody waits for it any more.
    const end = (): void => void child.kill('SIGKILL');
    process.once('exit', end);
    child.once('message', (result) => resolve(result as Result));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('exit', end);
      reject(new Error(`${job.do} ended with ${signal ?? code}`));
    });
    child.send(job);
  });
}
