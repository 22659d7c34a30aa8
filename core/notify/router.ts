import type { HandlerEvent } from 'opsbro/sdk';
import type { Bus, VerdictChange } from '../board/bus.ts';
import type { HandlerObject } from '../config/model.ts';
import type { HostDeps } from '../host/deps.ts';

const queueLimit = 1000;

interface Delivery {
  handler: HandlerObject;
  event: HandlerEvent;
}

/**
 * Takes changes from the bus to the handlers that want them, one at a time a handler, so order is kept and a slow handler delays
 * nobody else. A handler's queue holds 1,000 events; when it overflows the oldest is dropped and logged.
 */
export class Router {
  readonly #deps: HostDeps;
  readonly #node: string;
  readonly #queues = new Map<string, Delivery[]>();
  readonly #busy = new Set<string>();

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
    if (check?.kind !== 'check' || change.state === 'pending') return;
    const event: HandlerEvent = {
      key: `${change.check}@${change.at}`,
      type: 'verdict',
      at: change.at,
      node: this.#node,
      summary: `check ${change.name} is ${change.state.toUpperCase()} (was ${change.oldState.toUpperCase()}): ${change.output}`,
      data: {
        check: change.check,
        name: change.name,
        display_name: check.displayName,
        state: change.state,
        old_state: change.oldState,
        output: change.output,
      },
    };
    for (const handler of this.#deps.table.handlers()) {
      if (check.handlers !== null && !check.handlers.includes(handler.name)) continue;
      if (handler.severities.includes(change.state)) this.#enqueue(handler, event);
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
    const queue = this.#queues.get(handler.id) ?? [];
    this.#queues.set(handler.id, queue);
    queue.push({ handler, event });
    if (queue.length > queueLimit) {
      queue.shift();
      this.#deps.log.warn('a handler lags: its oldest event was dropped', {
        plugin: handler.plugin,
        object: handler.id,
      });
    }
    if (!this.#busy.has(handler.id)) void this.#drain(handler.id, queue);
  }

  async #drain(id: string, queue: Delivery[]): Promise<void> {
    this.#busy.add(id);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await this.#deliver(next);
    this.#busy.delete(id);
  }

  async #deliver({ handler, event }: Delivery): Promise<void> {
    const { registry, pool, states, log } = this.#deps;
    const entry = registry.get(handler.plugin);
    if (entry?.module == null) return;
    const result = await pool.run({
      type: 'handle',
      plugin: entry.id,
      module: entry.module,
      object: handler.id,
      name: handler.name,
      options: handler.options,
      state: states.get(handler.id),
      timeoutMs: handler.timeoutMs,
      event,
    });
    registry.counter(entry.id).ran(result.durationMs, result.status === 'failed' ? result.error.code : null);
    for (const line of result.logs)
      log[line.level](line.message, { ...line.fields, plugin: entry.id, object: handler.id });
    if (result.status === 'failed') {
      const { code, message } = result.error;
      log.error('a handler failed', {
        plugin: entry.id,
        object: handler.id,
        code,
        reason: message,
        event: event.key,
      });
    } else if (result.state !== null) states.set(handler.id, result.state);
  }
}
