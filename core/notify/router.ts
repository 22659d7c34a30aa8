import type { HandlerEvent, JsonObject } from 'opsbro/sdk';
import type { HandlerObject } from '../../configuration/model.ts';
import type { Bus, VerdictChange } from '../board/bus.ts';
import type { HostDeps } from '../host/deps.ts';
import { withSecrets } from '../host/secrets.ts';

const queueLimit = 1000;

interface Lane {
  queue: HandlerEvent[];
  busy: boolean;
  dropped: number;
}

/**
 * Takes changes from the bus to the handlers that want them, one at a time a handler, so order is kept and a slow handler delays
 * nobody else. A handler's queue holds 1,000 events; when it overflows the oldest is dropped and counted; the log says when that begins
 * and how many were lost in the end.
 */
export class Router {
  readonly #deps: HostDeps;
  readonly #node: string;
  /** Of the handlers that have something to do. */
  readonly #lanes = new Map<string, Lane>();

  constructor(deps: HostDeps, node: string) {
    this.#deps = deps;
    this.#node = node;
  }

  follow(bus: Bus): void {
    bus.subscribe('verdict', (change) => this.#verdict(change));
    bus.subscribe('groups', ({ added, removed, at }) => {
      for (const name of added) this.#group(name, 'add', at);
      for (const name of removed) this.#group(name, 'remove', at);
    });
  }

  #verdict(change: VerdictChange): void {
    const check = this.#deps.table.get(change.check)?.object;
    const { hardState, oldHardState } = change;
    if (check?.kind !== 'check' || hardState === 'pending' || !isNews(change)) return;
    const event: HandlerEvent = {
      key: `${change.check}@${change.at}`,
      type: hardState === 'ok' ? 'recovery' : 'problem',
      at: change.at,
      node: this.#node,
      summary: `check ${change.name} is ${hardState.toUpperCase()} (was ${oldHardState.toUpperCase()}): ${change.output}`,
      data: {
        check: change.check,
        name: change.name,
        display_name: check.displayName,
        state: hardState,
        old_state: oldHardState,
        output: change.output,
      },
    };
    for (const handler of this.#deps.table.handlers()) {
      if (check.handlers !== null && !check.handlers.includes(handler.name)) continue;
      if (handler.severities.includes(hardState)) this.#enqueue(handler, event);
    }
  }

  #group(group: string, modification: 'add' | 'remove', at: number): void {
    const event: HandlerEvent = {
      key: `group/${group}/${modification}@${at}`,
      type: 'group',
      at,
      node: this.#node,
      summary: `group ${group} was ${modification === 'add' ? 'added' : 'removed'}`,
      data: { group, modification },
    };
    for (const handler of this.#deps.table.handlers()) this.#enqueue(handler, event);
  }

  #enqueue(handler: HandlerObject, event: HandlerEvent): void {
    if (!handler.enabled) return;
    if (
      handler.ifGroup !== null &&
      handler.ifGroup !== '*' &&
      !this.#deps.board.groups.includes(handler.ifGroup)
    )
      return;
    const lane = this.#lanes.get(handler.id) ?? { queue: [], busy: false, dropped: 0 };
    this.#lanes.set(handler.id, lane);
    lane.queue.push(event);
    if (lane.queue.length > queueLimit) {
      lane.queue.shift();
      if (lane.dropped === 0) this.#report(handler, 'a handler lags: its oldest events are dropped', {});
      lane.dropped += 1;
    }
    if (!lane.busy) void this.#drain(handler.id, lane);
  }

  /** Ends when the queue is empty; a handler that is gone by then leaves nothing behind. */
  async #drain(id: string, lane: Lane): Promise<void> {
    lane.busy = true;
    for (let event = lane.queue.shift(); event !== undefined; event = lane.queue.shift()) {
      const handler = this.#deps.table.handler(id);
      if (handler?.enabled === true) await this.#deliver(handler, event);
    }
    this.#lanes.delete(id);
    const handler = this.#deps.table.handler(id);
    if (lane.dropped > 0 && handler !== undefined)
      this.#report(handler, 'a handler caught up', { dropped: lane.dropped });
  }

  async #deliver(handler: HandlerObject, event: HandlerEvent): Promise<void> {
    const { registry, pool, states, log, table } = this.#deps;
    const entry = registry.get(handler.plugin);
    if (entry?.module == null) return;
    const result = await pool.run({
      type: 'handle',
      plugin: entry.id,
      module: entry.module,
      object: handler.id,
      name: handler.name,
      options: handler.options,
      ...withSecrets(entry),
      state: states.get(handler.id),
      timeoutMs: handler.timeoutMs,
      event,
    });
    const code = result.status === 'failed' ? result.error.code : null;
    registry.counter(entry.id).ran(result.durationMs, code, result.heapUsedBytes);
    for (const line of result.logs)
      log[line.level](line.message, { ...line.fields, plugin: entry.id, object: handler.id });
    if (result.status === 'failed') {
      log.error('a handler failed', {
        plugin: entry.id,
        object: handler.id,
        code: result.error.code,
        reason: result.error.message,
        event: event.key,
      });
    } else if (result.state !== null && table.has(handler.id)) states.set(handler.id, result.state);
  }

  #report({ plugin, id }: HandlerObject, message: string, more: JsonObject): void {
    this.#deps.log.warn(message, { plugin, object: id, ...more });
  }
}

/** Handlers hear of hard states, once each; of a volatile check at each bad run. */
function isNews({ cause, hardState, oldHardState }: VerdictChange): boolean {
  if (cause === 'flapping' || cause === 'steady') return false;
  return hardState !== oldHardState || cause === 'volatile';
}
