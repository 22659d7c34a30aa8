import type { HandlerEvent, JsonObject } from 'opsbro/sdk';
import {
  canaryView,
  figuresView,
  type HandlerTestView,
  type HandlerView,
  isOfGone,
  type OutboxChangeView,
  type OutboxDetailView,
  type OutboxEntryView,
  outboxDetailView,
  outboxEntryView,
} from '../../alerting/outbox/views.ts';
import type { CheckObject, HandlerObject } from '../../configuration/model.ts';
import { OpsbroError } from '../errors.ts';
import type { HostDeps } from '../host/deps.ts';
import type { Alerting } from './alerting.ts';
import { type Try, tryHandler } from './delivery.ts';

/** What people ask of handlers: how they fare, what waits for them, whether they work. */
export class HandlerDesk {
  readonly #deps: HostDeps;
  readonly #alerting: Alerting;
  readonly #node: string;

  constructor(deps: HostDeps, alerting: Alerting, node: string) {
    this.#deps = deps;
    this.#alerting = alerting;
    this.#node = node;
  }

  /** Every handler, by name. */
  views(): HandlerView[] {
    return this.#deps.table
      .handlers()
      .sort((left, right) => (left.name < right.name ? -1 : 1))
      .map((handler) => this.view(handler));
  }

  view(handler: HandlerObject): HandlerView {
    const { id, name, pack, plugin, enabled, ifGroup, severities, groupBy, repeatIntervalMs } = handler;
    const { canaries, notifications } = this.#alerting;
    return {
      id,
      name,
      pack,
      type: plugin.slice(plugin.indexOf('/') + 1),
      enabled,
      if_group: ifGroup,
      in_group: this.#isInGroup(handler),
      severities,
      group_by: groupBy,
      repeat_interval: repeatIntervalMs === null ? null : repeatIntervalMs / 1000,
      timeout: handler.timeoutMs / 1000,
      ...figuresView(notifications.outbox.figures(id)),
      canary: canaryView(handler.canaryMs, canaries.record(id)),
    };
  }

  /** The handler a person means: an id, or a name. Throws OPSBRO_API_NOT_FOUND. */
  find(name: string): HandlerObject {
    const all = this.#deps.table.handlers();
    const named = all.filter((each) => each.name.toLowerCase() === name.toLowerCase());
    const found = all.find(({ id }) => id === name) ?? (named.length === 1 ? named[0] : undefined);
    if (found !== undefined) return found;
    if (named.length === 0) throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no handler '${name}'`);
    const ids = named.map(({ id }) => id).join(', ');
    throw new OpsbroError('OPSBRO_API_INVALID', `handler '${name}' is ambiguous: ${ids}; use the full id`);
  }

  /**
   * Hands a marked test to a handler, past what waits in the outbox, and waits for its end: within the handler's timeout, after what is on its
   * way has ended within its own.
   */
  async test(handler: HandlerObject, check: CheckObject | undefined): Promise<HandlerTestView> {
    const event = this.#testEvent(handler, check);
    const { outbox } = this.#alerting.notifications;
    const tried: Partial<Try> & Pick<Try, 'delivery'> = await outbox.past(handler.id, () =>
      tryHandler(this.#deps, handler, event),
    );
    const { delivery, durationMs = 0, logs = [] } = tried;
    const failed = delivery.status === 'failed' ? delivery : undefined;
    const { type, enabled, in_group } = this.view(handler);
    return {
      handler: handler.id,
      type,
      ok: delivery.status === 'delivered',
      enabled,
      in_group,
      event: event as unknown as JsonObject,
      code: failed?.code ?? null,
      message: delivery.status === 'delivered' ? '' : delivery.message,
      permanent: failed?.isPermanent ?? false,
      retry_after: failed?.retryAfterMs == null ? null : failed.retryAfterMs / 1000,
      duration_ms: Math.round(durationMs * 100) / 100,
      log: logs.map(({ level, message, fields = {} }) => ({ level, message, fields })),
    };
  }

  /** What waits or was given up; of one handler, which may be gone, or of all. Throws OPSBRO_API_NOT_FOUND. */
  entries(name: string | undefined): OutboxEntryView[] {
    const all = this.#alerting.notifications.outbox.list();
    const isGone = name === undefined || all.some((entry) => isOfGone(entry, name));
    const id = isGone ? '' : this.find(name).id;
    return all
      .filter((entry) => name === undefined || entry.handler === id || isOfGone(entry, name))
      .map((entry) => outboxEntryView(entry, this.#nameOf(entry.handler)));
  }

  /** One entry in full. Throws OPSBRO_API_NOT_FOUND. */
  entry(serial: number): OutboxDetailView {
    const found = this.#alerting.notifications.outbox.list().find((entry) => entry.serial === serial);
    if (found !== undefined) return outboxDetailView(found, this.#nameOf(found.handler));
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no notification ${serial} in the outbox`);
  }

  /** Tries or drops entries. Rejects as the outbox does, with nothing changed. */
  async change(verb: 'retry' | 'drop', serials: number[] | null): Promise<OutboxChangeView> {
    const { outbox } = this.#alerting.notifications;
    return { count: await outbox[verb](serials), gone: outbox.sizes().gone };
  }

  #nameOf(handler: string): string {
    return this.#deps.table.handler(handler)?.name ?? handler;
  }

  #isInGroup({ ifGroup }: HandlerObject): boolean {
    return ifGroup === null || ifGroup === '*' || this.#deps.board.groups.includes(ifGroup);
  }

  #testEvent({ id, name }: HandlerObject, check: CheckObject | undefined): HandlerEvent {
    const at = this.#deps.clock.now();
    const { hardState = 'pending', output = '' } =
      check === undefined ? {} : (this.#deps.board.verdicts.get(check.id) ?? {});
    const about = check === undefined ? 'nothing is wrong' : `check ${check.name} is ${hardState}: ${output}`;
    return {
      key: `${this.#node}/test/${id}@${at}`,
      type: 'test',
      at,
      node: this.#node,
      summary: `TEST of handler ${name}: ${about}`,
      data: { handler: name, ...(check !== undefined && checkData(check, hardState, output)) },
    };
  }
}

function checkData(check: CheckObject, state: string, output: string): JsonObject {
  const { id, name, displayName, pack, notes = '', runbook, labels } = check;
  return { check: id, name, display_name: displayName, pack, state, output, notes, runbook, labels };
}
