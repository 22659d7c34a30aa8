import { EventEmitter } from 'node:events';
import {
  type CheckRun,
  type ExecReply,
  type ExecRequest,
  type ExecThreadData,
  refusedEnd,
} from '../../exec/command.ts';
import { ExecClient, type ExecWorker } from '../../exec/exec-client.ts';
import { HandClock } from '../core/schedule/test-clock.ts';

/** A thread that answers only when told. */
export class HandWorker extends EventEmitter implements ExecWorker {
  readonly requests: ExecRequest[] = [];
  readonly data: ExecThreadData;
  isEnded = false;
  constructor(data: ExecThreadData) {
    super();
    this.data = data;
  }
  postMessage(request: ExecRequest): void {
    this.requests.push(request);
  }
  answer(...ids: number[]): void {
    const runs: CheckRun[] = ids.map((id) => ({
      ...refusedEnd(id, ''),
      refused: null,
      code: 0,
      state: 'ok',
      output: 'fine',
      longOutput: '',
      perfdata: [],
      isRemembered: true,
    }));
    this.emit('message', { type: 'ran', runs } satisfies ExecReply);
  }
  die(message: string): void {
    this.emit('error', new Error(message));
    this.emit('exit');
  }
  async terminate(): Promise<void> {
    this.isEnded = true;
    this.emit('exit');
  }
  unref(): void {}
}

/** A client whose clock and threads a test moves. */
export interface HandClient {
  client: ExecClient;
  clock: HandClock;
  /** The threads that it started, the newest last. */
  workers: HandWorker[];
}

/** A client of threads that answer only when told. */
export function handClient(limits: { maxPending?: number; maxKnown?: number }): HandClient {
  const workers: HandWorker[] = [];
  const clock = new HandClock();
  const client = new ExecClient({
    dataDirectory: '/data',
    clock,
    ...limits,
    startWorker(data) {
      const worker = new HandWorker(data);
      workers.push(worker);
      return worker;
    },
  });
  return { client, clock, workers };
}

/** Lets what was asked for in this turn of the loop be sent. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
