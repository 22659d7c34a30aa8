import { EventEmitter } from 'node:events';
import {
  type CheckRun,
  type ExecReply,
  type ExecRequest,
  type ExecThreadData,
  refusedEnd,
} from '../../exec/command.ts';
import type { ExecWorker } from '../../exec/exec-client.ts';

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
