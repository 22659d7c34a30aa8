import { subscribe } from 'node:diagnostics_channel';
import type { Worker } from 'node:worker_threads';

/** What this thread has asked of the pool of I/O threads and what only the kernel can end. */
const heldRequest = /^(FSReq|GetAddrInfoReq|GetNameInfoReq)/;
const endedThread = -1;
const pollMs = 10;

/**
 * Ends the process although a thread of it sits in a system call that never returns, such as one on a file system whose server is gone:
 * `process.exit` waits for every thread, so for ever. To be made before the first thread is started.
 */
export class ProcessEnd {
  readonly #workers = new Set<Worker>();
  #ending = false;

  constructor() {
    subscribe('worker_threads', (message) => {
      this.#forget();
      this.#workers.add((message as { worker: Worker }).worker);
    });
  }

  /**
   * Terminates all threads and exits with `code`. What still runs after `deadlineMs` is ended with the whole process by `signal`, which every
   * supervisor takes for a stop that was asked for. The first call counts. Nothing may be left to write.
   */
  async end(code: number, signal: 'SIGTERM' | 'SIGINT', deadlineMs: number): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    for (const worker of this.#workers) void worker.terminate();
    const deadline = performance.now() + deadlineMs;
    while (performance.now() < deadline) {
      if (!this.#isHeld()) process.exit(code);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // The first process of a container does not die of a signal of its own.
    process.abort();
  }

  /** A pool may take its threads' listeners away, so an end is not waited for but looked up. */
  #forget(): void {
    for (const worker of this.#workers) if (worker.threadId === endedThread) this.#workers.delete(worker);
  }

  #isHeld(): boolean {
    this.#forget();
    return this.#workers.size > 0 || process.getActiveResourcesInfo().some((name) => heldRequest.test(name));
  }
}
