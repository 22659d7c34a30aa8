import type { HandlerEvent, Json, JsonObject } from 'opsbro/sdk';
import type { Delivery } from '../../../alerting/outbox/delivery.ts';
import type { Batch } from '../../../alerting/outbox/entry.ts';
import { Outbox } from '../../../alerting/outbox/outbox.ts';
import { OpsbroError } from '../../../core/errors.ts';
import { HandClock } from '../../core/schedule/test-clock.ts';

/** What another try may change. */
export const failed: Extract<Delivery, { status: 'failed' }> = {
  status: 'failed',
  code: 'OPSBRO_HOST_IO',
  message: 'refused',
  isPermanent: false,
  retryAfterMs: null,
};
/** What no try changes. */
export const refused: Delivery = { ...failed, message: 'no such channel', isPermanent: true };

/** Something to tell. */
export function sampleEvent(key: string, repeat = 0): HandlerEvent {
  return { key, type: 'problem', at: 1, node: 'host', summary: key, data: { repeat } };
}

/** An outbox whose handlers answer by hand, over a store that is a map. */
export class Bench {
  clock = new HandClock();
  store = new Map<string, Json>();
  reports: string[] = [];
  calls: { handler: string; key: string; end(delivery: Delivery): void }[] = [];
  /** Answers of handlers that answer at once, by handler. */
  answers = new Map<string, () => Delivery>();
  /** Why the disk takes nothing that somebody waits for. */
  refuses: string | null = null;
  /** What a write that somebody waits for waits for itself. */
  written: Promise<unknown> = Promise.resolve();
  /** What any other write waits for. */
  taken: Promise<unknown> = Promise.resolve();
  outbox = this.fresh();

  #put({ put = [], del = [] }: Batch): void {
    for (const key of del) this.store.delete(key);
    for (const [key, value] of put) this.store.set(key, structuredClone(value));
  }

  fresh(): Outbox {
    return new Outbox({
      clock: this.clock,
      random: () => 1,
      store: {
        put: async (batch) => {
          await this.taken;
          this.#put(batch);
        },
        putOrNothing: async (batch) => {
          await this.written;
          if (this.refuses !== null) throw new OpsbroError('OPSBRO_AGENT_STORE', this.refuses);
          this.#put(batch);
        },
      },
      deliver: (handler, event) =>
        new Promise((end) => {
          this.calls.push({ handler, key: event.key, end });
          const answer = this.answers.get(handler);
          if (answer !== undefined) end(answer());
        }),
      report: (level, message, fields: JsonObject) =>
        this.reports.push(`${level} ${message} ${String(fields.reason ?? '')}`),
    });
  }

  /** Kills the outbox and begins anew with what the store has. */
  restart(): void {
    this.outbox.stop();
    this.outbox = this.fresh();
    this.outbox.restore(structuredClone([...this.store]));
    this.outbox.start();
  }

  add(handler: string, order: string, key: string, repeat = 0): void {
    const { put, del, release } = this.outbox.add(handler, order, sampleEvent(key, repeat));
    for (const each of del) this.store.delete(each);
    for (const [each, value] of put) this.store.set(each, structuredClone(value));
    release();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }

  async end(delivery: Delivery): Promise<void> {
    this.calls.at(-1)?.end(delivery);
    await this.settle();
  }

  get keys(): string[] {
    return this.calls.map(({ key }) => key);
  }
}
