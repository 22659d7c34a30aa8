import type { ResourceLimits } from 'node:worker_threads';
import { killGroups } from './context/host-exec.ts';
import { PendingLooks, pendingLooksBytes } from './context/pending-looks.ts';
import { startThread } from './deadline/kernel-thread.ts';
import type { ThreadTimes } from './deadline/starvation.ts';
import type { ThreadData } from './protocol.ts';
import { threadTimes } from './quickjs/thread-time.ts';
import { cellOf, type PluginThreadData, sharedBytes } from './worker-data.ts';

/** The I/O threads it guards belong to the process, so there is one table, whoever starts threads. */
const looks = new SharedArrayBuffer(pendingLooksBytes);
let lastLane = 0;

/** Whether threads have a small young generation, see `threadLimits`. */
export const hasYoungLimit = Number.parseInt(process.versions.v8, 10) < 13;

/** The main thread's side of the memory it shares with one thread of plugins. */
export interface LaneMemory {
  /** For the thread's `workerData`. */
  data: PluginThreadData;
  cells: Int32Array;
  /** Starts the thread, by which the kernel's number of it is known before the thread itself runs. */
  start<Started>(start: () => Started): Started;
  /** What the kernel's scheduler counted of the thread; undefined where it does not tell. */
  times(): ThreadTimes | undefined;
  /** To be called when the thread was told to end: ends the programs it runs. */
  killPrograms(): void;
  /** To be called when the thread no longer exists. */
  forget(): void;
}

/** Sets up the memory of a new thread. */
export function openLaneMemory(thread: ThreadData): LaneMemory {
  lastLane += 1;
  const lane = lastLane;
  const shared = new SharedArrayBuffer(sharedBytes);
  const cells = new Int32Array(shared);
  return {
    data: { thread, shared, looks, lane },
    cells,
    start: (start) => {
      const { started, number } = startThread(start);
      // A thread that runs already has told it itself, without a doubt.
      Atomics.compareExchange(cells, cellOf.thread, 0, number);
      return started;
    },
    times: () => threadTimes(`/proc/self/task/${Atomics.load(cells, cellOf.thread)}`),
    killPrograms: () => killGroups(cells),
    forget() {
      killGroups(cells);
      PendingLooks.forget(looks, lane);
    },
  };
}

/**
 * The resource limits of a thread. A small young generation keeps many threads in little memory, but from V8 13 on (Node 24) a thread that has
 * one and runs out of memory neither ends nor can be terminated.
 */
export function threadLimits(heapMiB: number, youngMiB = 4): ResourceLimits {
  const young = hasYoungLimit ? { maxYoungGenerationSizeMb: youngMiB } : {};
  return { maxOldGenerationSizeMb: heapMiB, stackSizeMb: 4, ...young };
}
