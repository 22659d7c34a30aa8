import type { Job, ThreadData } from './protocol.ts';

/**
 * Memory a job thread shares with the main thread, so that the main thread can judge and clean up after a thread that no longer answers.
 * `Int32Array` cells: which job began last, when the thread's loop last turned, what it holds outside the V8 heap, its id in
 * the kernel, and the process groups its programs run in.
 */
export const cellOf = { begun: 0, beat: 1, externalKiB: 2, thread: 3, groups: 4 } as const;

/** How many programs of one thread can be tracked at once; a further one is refused. */
export const groupCells = 16;

/** Size of the shared cells. */
export const sharedBytes = (cellOf.groups + groupCells) * Int32Array.BYTES_PER_ELEMENT;

/** What a pooled thread is started with. */
export interface JobThreadData {
  thread: ThreadData;
  shared: SharedArrayBuffer;
}

/** What is posted to a pooled thread. A null job only warms it. `sequence` is written to `cellOf.begun` when the job begins. */
export interface JobOrder {
  sequence: number;
  job: Job | null;
}

/** What a pooled thread posts outside of a run's result: `plugin` threw after its verb had returned. */
export interface LateReport {
  type: 'late';
  plugin: string;
  error: { code: string; message: string };
}
