import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { Manifest } from 'opsbro/sdk';
import type { ErrandRunner } from '../sandbox/model.ts';
import { openErrandLine, type RouteAsker, refuseErrands } from './context/errand-line.ts';
import type { ThreadTimes } from './deadline/starvation.ts';
import { threadEntry } from './entry.ts';
import { openLaneMemory, threadLimits } from './lane-memory.ts';
import type { ServiceReply, ServiceRequest, ThreadData } from './protocol.ts';
import { busyThreadLimits } from './services/busy-limits.ts';
import { cellOf, type ServiceThreadData } from './worker-data.ts';

/** What the thread of a service tells its owner. */
export interface ServiceThreadEvents {
  reply(reply: ServiceReply): void;
  /** The thread ended, on its own or because it was told to. */
  gone(memory: boolean): void;
}

/** The thread of one service, as its supervisor sees it. */
export interface ServiceThread {
  post(request: ServiceRequest): void;
  /** Says that one emit or one snapshot was taken, which lets the service send another. */
  acknowledge(what: 'emit' | 'publish'): void;
  /** Pushes the thread has taken since its start. */
  taken(): number;
  /** What the kernel's scheduler counted of the thread; undefined where it does not tell. */
  times(): ThreadTimes | undefined;
  figures(): ServiceThreadFigures;
  /** Ends the thread and every program it runs. */
  terminate(): void;
}

/** What a service's thread last reported of itself. `beat` counts seconds while its loop turns. */
export interface ServiceThreadFigures {
  beat: number;
  heapUsedBytes: number;
  externalBytes: number;
  emitsDropped: number;
}

/** The V8 heap of a service's thread, MiB: larger than a job's, since it keeps what it serves, and so more likely to abort the process. */
const heapMiB = 128;

/** Starts a thread for one service. */
export function openServiceThread(
  thread: ThreadData,
  events: ServiceThreadEvents,
  errand: ErrandRunner = refuseErrands,
  ask?: RouteAsker,
  load?: Manifest['load'],
): ServiceThread {
  const memory = openLaneMemory(thread);
  const { cells } = memory;
  const line = openErrandLine(errand, ask);
  const options: WorkerOptions = {
    workerData: { ...memory.data, line } satisfies ServiceThreadData,
    transferList: [line],
    env: {},
    execArgv: [],
    argv: [],
    resourceLimits: load === 'heavy' ? busyThreadLimits(heapMiB) : threadLimits(heapMiB),
  };
  const worker = memory.start(() => new Worker(threadEntry('service-thread'), options));
  let exhausted = false;
  worker.on('message', (reply: ServiceReply) => events.reply(reply));
  worker.on('error', (error: NodeJS.ErrnoException) => {
    exhausted = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  });
  worker.on('exit', () => {
    memory.forget();
    events.gone(exhausted);
  });
  return {
    post: (request) => worker.postMessage(request),
    acknowledge: (what) => {
      Atomics.add(cells, what === 'emit' ? cellOf.acknowledged : cellOf.received, 1);
    },
    taken: () => Atomics.load(cells, cellOf.taken),
    times: memory.times,
    figures: () => ({
      beat: Atomics.load(cells, cellOf.beat),
      heapUsedBytes: Atomics.load(cells, cellOf.heapKiB) * 1024,
      externalBytes: Atomics.load(cells, cellOf.externalKiB) * 1024,
      emitsDropped: Atomics.load(cells, cellOf.dropped),
    }),
    terminate: () => {
      void worker.terminate();
    },
  };
}
