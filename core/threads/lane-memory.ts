import { killGroups } from '../context/host-exec.ts';
import { PendingLooks, pendingLooksBytes } from '../context/pending-looks.ts';
import type { ThreadData } from './protocol.ts';
import { type PluginThreadData, sharedBytes } from './worker-data.ts';

/** The I/O threads it guards belong to the process, so there is one table, whoever starts threads. */
const looks = new SharedArrayBuffer(pendingLooksBytes);
let lastLane = 0;

/** The main thread's side of the memory it shares with one thread of plugins. */
export interface LaneMemory {
  /** For the thread's `workerData`. */
  data: PluginThreadData;
  cells: Int32Array;
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
    killPrograms: () => killGroups(cells),
    forget() {
      killGroups(cells);
      PendingLooks.forget(looks, lane);
    },
  };
}
