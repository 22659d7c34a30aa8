import type { Json } from 'opsbro/sdk';
import {
  type CanaryRecord,
  canaryArrived,
  canaryGraceMs,
  canaryKey,
  canarySent,
  isCanaryDue,
  isCanaryOverdue,
  readCanary,
} from '../../alerting/outbox/canary.ts';
import type { Trouble } from '../../alerting/trouble.ts';
import type { HandlerObject } from '../../configuration/model.ts';
import type { HostDeps } from '../host/deps.ts';
import type { Notifications } from './notifications.ts';

/** Sends the test events that prove, without anybody's doing, that handlers still reach somebody. */
export class Canaries {
  readonly #deps: HostDeps;
  readonly #notifications: Notifications;
  readonly #records = new Map<string, CanaryRecord>();
  /** Since when a handler may get canaries here. */
  readonly #since = new Map<string, number>();

  constructor(deps: HostDeps, notifications: Notifications) {
    this.#deps = deps;
    this.#notifications = notifications;
    notifications.outbox.onSettled(({ handler, event }, outcome) => {
      if (event.type === 'canary' && outcome === 'delivered') void this.#arrived(handler);
    });
  }

  /** Takes over what an earlier agent knew: the store's `canary/` entries. */
  restore(entries: [key: string, value: Json][]): void {
    for (const [key, value] of entries) {
      const record = readCanary(value);
      if (record !== undefined) this.#records.set(key.slice(canaryKey('').length), record);
    }
  }

  record(handler: string): CanaryRecord | undefined {
    return this.#records.get(handler);
  }

  /** Sends those that are due. */
  async tick(): Promise<void> {
    const at = this.#deps.clock.now();
    const active = new Set(
      this.#notifications.handlers.flatMap(({ id, enabled, inGroup }) => (enabled && inGroup ? [id] : [])),
    );
    for (const handler of this.#deps.table.handlers()) {
      const { id, canaryMs } = handler;
      if (canaryMs === null || !active.has(id)) this.#since.delete(id);
      else await this.#look(handler, canaryMs, at);
    }
  }

  /** Handlers whose canaries do not arrive. */
  troubles(): Trouble[] {
    return this.#deps.table.handlers().flatMap(({ id, name, enabled, canaryMs }): Trouble[] =>
      enabled && canaryMs !== null && this.#records.get(id)?.overdue === true
        ? [
            {
              kind: 'canary',
              object: id,
              text: `canaries of handler ${name} do not arrive`,
              over: `canaries of handler ${name} arrive again`,
            },
          ]
        : [],
    );
  }

  /** Forgets the canaries of handlers that have none any longer. */
  async forget(): Promise<void> {
    const gone = [...this.#records.keys()].filter((id) => this.#deps.table.handler(id)?.canaryMs == null);
    for (const id of gone) this.#records.delete(id);
    if (gone.length > 0) await this.#deps.store.put({ del: gone.map(canaryKey) });
  }

  async #look({ id, name, timeoutMs }: HandlerObject, everyMs: number, at: number): Promise<void> {
    const since = this.#since.get(id) ?? at;
    this.#since.set(id, since);
    const record = this.#records.get(id);
    const limitMs = everyMs + canaryGraceMs + timeoutMs;
    if (record?.overdue === false && isCanaryOverdue(record, limitMs, since, at)) {
      await this.#keep(id, { ...record, overdue: true });
      this.#deps.log.error('canaries of a handler do not arrive', { object: id, limit_ms: limitMs });
    }
    if (!isCanaryDue(record, everyMs, at) || this.#notifications.outbox.has(id, 'canary')) return;
    const sent = canarySent(this.#records.get(id), at);
    this.#records.set(id, sent);
    await this.#notifications.announce(
      {
        type: 'canary',
        key: `canary/${id}@${at}`,
        at,
        summary: `CANARY: nothing is wrong; handler ${name} is tried every ${everyMs / 1000} s`,
        data: { handler: name, interval: everyMs / 1000, delivered: sent.delivered },
      },
      { to: (handler) => handler.id === id, put: [[canaryKey(id), { ...sent }]] },
    );
  }

  async #arrived(id: string): Promise<void> {
    const record = this.#records.get(id);
    if (record === undefined) return;
    if (record.overdue) this.#deps.log.info('canaries of a handler arrive again', { object: id });
    await this.#keep(id, canaryArrived(record, this.#deps.clock.now()));
  }

  async #keep(id: string, record: CanaryRecord): Promise<void> {
    this.#records.set(id, record);
    await this.#deps.store.put({ put: [[canaryKey(id), { ...record }]] });
  }
}
