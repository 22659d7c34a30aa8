import type { Json } from 'opsbro/sdk';
import { HandlerTroubles } from '../../alerting/outbox/handler-trouble.ts';
import {
  readTrouble,
  type Trouble,
  type TroubleRecord,
  troubleKey,
  troubleStep,
  troubleValue,
} from '../../alerting/trouble.ts';
import type { ServiceFigures } from '../../threads/services/services.ts';
import type { HostDeps } from '../host/deps.ts';
import type { Notifications } from './notifications.ts';

/** What only the agent as a whole knows of its parts. */
export interface AgentHealth {
  services: ServiceFigures[];
  isStoreWritable: boolean;
  configurationErrors: number;
  /** What else is wrong with it. */
  own: (Trouble | null)[];
}

/** Tells handlers what is wrong with the agent itself: once when it begins, once when it ends. */
export class AgentTroubles {
  readonly #deps: HostDeps;
  readonly #notifications: Notifications;
  readonly #health: () => AgentHealth;
  readonly #handlers = new HandlerTroubles();
  #records = new Map<string, TroubleRecord>();

  constructor(deps: HostDeps, notifications: Notifications, health: () => AgentHealth) {
    this.#deps = deps;
    this.#notifications = notifications;
    this.#health = health;
    notifications.outbox.onSettled((entry, outcome) =>
      this.#handlers.settled(entry, outcome, deps.clock.now()),
    );
  }

  /** Takes over what an earlier agent told: the store's `trouble/` entries. */
  restore(entries: [key: string, value: Json][]): void {
    for (const [, value] of entries) {
      const record = readTrouble(value);
      if (record === undefined) continue;
      this.#records.set(troubleKey(record), record);
      this.#handlers.restore(record);
    }
  }

  /** Looks at everything that may be wrong, and at what `more` says. */
  async tick(more: Trouble[]): Promise<void> {
    const { bus, clock } = this.#deps;
    const at = clock.now();
    const { records, news, forgotten } = troubleStep(this.#records, [...this.#found(at), ...more], at);
    this.#records = records;
    if (forgotten.length > 0) await this.#deps.store.put({ del: forgotten });
    for (const { change, record } of news) {
      const { kind, object, since } = record;
      const summary = change === 'started' ? record.text : record.over;
      // The log has a field 'object' of its own.
      const detail = { trouble: kind, subject: object, change, since };
      bus.publish('agent', { what: summary, detail, at });
      await this.#notifications.announce(
        { type: 'agent', key: `agent/${kind}/${object}/${change}@${at}`, at, summary, data: detail },
        { to: ({ id }) => id !== object, put: [[troubleKey(record), troubleValue(record)]] },
      );
    }
  }

  #found(at: number): Trouble[] {
    const { services, isStoreWritable, configurationErrors: errors, own } = this.#health();
    const found: Trouble[] = this.#deps.quarantine.all().map(([plugin, { reason }]) => ({
      kind: 'plugin',
      object: plugin,
      text: `plugin ${plugin} is quarantined: ${reason}`,
      over: `plugin ${plugin} may run again`,
    }));
    for (const { id, state, error } of services)
      if (state === 'failed')
        found.push({
          kind: 'service',
          object: id,
          text: `service ${id} failed too often: ${error?.message ?? ''}`,
          over: `service ${id} may run again`,
        });
    if (!isStoreWritable)
      found.push({
        kind: 'store',
        object: '',
        text: 'the store cannot be written; a crash now loses what changes',
        over: 'the store can be written again',
      });
    if (errors > 0)
      found.push({
        kind: 'configuration',
        object: '',
        text: `the configuration has ${errors} error${errors === 1 ? '' : 's'}; 'opsbro config status' lists them`,
        over: 'the configuration has no errors any more',
      });
    return [...found, ...own.filter((one) => one !== null), ...this.#handlerTroubles(at)];
  }

  #handlerTroubles(at: number): Trouble[] {
    const handlers = this.#deps.table
      .handlers()
      .map(({ id, name }) => ({ id, name, failing: this.#notifications.outbox.failing(id) }));
    return this.#handlers.found(handlers, at);
  }
}
