import type { MessagePort } from 'node:worker_threads';
import type { Job, ThreadData } from './protocol.ts';

/**
 * Memory a thread of plugins shares with the main thread, so that the main thread can judge and clean up after a thread that no longer answers.
 * Indexes into an `Int32Array`:
 * `begun` the job that began last; `beat` counts while the thread's loop turns; `externalKiB`, `heapKiB` what it holds outside and inside
 * the V8 heap; `thread` its id in the kernel; `dropped`, `taken` emits dropped and pushes taken by a service; `acknowledged` emits taken by
 * the core; `received` snapshots of a service taken by the core; from `groups` on the process groups its programs run in.
 */
export const cellOf = {
  begun: 0,
  beat: 1,
  externalKiB: 2,
  heapKiB: 3,
  thread: 4,
  dropped: 5,
  taken: 6,
  acknowledged: 7,
  received: 8,
  groups: 9,
} as const;

/** How many programs of one thread can be tracked at once; a further one is refused. */
export const groupCells = 16;

/** Size of the shared cells. */
export const sharedBytes = (cellOf.groups + groupCells) * Int32Array.BYTES_PER_ELEMENT;

/** What a thread of plugins is started with. */
export interface PluginThreadData {
  thread: ThreadData;
  shared: SharedArrayBuffer;
  /** What all threads look at, and the number of this one in it. */
  looks: SharedArrayBuffer;
  lane: number;
}

/** What the thread of a service is started with. */
export interface ServiceThreadData extends PluginThreadData {
  line: MessagePort;
}

/** What is posted to a pooled thread. A null job only warms it. `sequence` is written to `cellOf.begun` when the job begins. */
export interface JobOrder {
  sequence: number;
  job: Job | null;
  /** With the order that warms it: its line to the main thread. */
  line?: MessagePort;
}

/** What a pooled thread posts outside of a run's result: `plugin` threw after its verb had returned. */
export interface LateReport {
  type: 'late';
  plugin: string;
  error: { code: string; message: string };
}
