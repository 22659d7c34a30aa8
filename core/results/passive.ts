import type { Json, JsonObject, PassiveAlert, PassiveReport, PassiveResult } from 'opsbro/sdk';
import type { Observation } from '../../alerting/model.ts';
import { joined } from '../../alerting/routing/plan.ts';
import { passiveCheck } from '../../configuration/policy/passive.ts';
import type { ControlRoute } from '../../control/route-table.ts';
import { readPluginOutput } from '../../exec/output/plugin-output.ts';
import { linkGroups, stopObjects } from '../host/apply-plan.ts';
import { observationOf } from '../host/command-runs.ts';
import type { HostDeps } from '../host/deps.ts';
import type { Runtime } from '../host/objects.ts';
import type { RestoreSource } from '../host/restore.ts';
import { Results } from './results.ts';

const prefix = 'passive/';

/** Checks that services tell of: what they are outlives the agent, so that what is known of them does too. */
export class PassiveChecks {
  readonly #deps: HostDeps;
  readonly #results: Results;

  constructor(deps: HostDeps) {
    this.#deps = deps;
    this.#results = new Results(deps);
  }

  /** Puts back those of an earlier agent, before the configuration is loaded. */
  async restore(store: RestoreSource): Promise<void> {
    for (const [, value] of await store.entries(prefix)) {
      const { plugin, check } = value as { plugin?: Json; check?: Json };
      const object = passiveCheck(String(plugin), check ?? null);
      if (object !== undefined) this.#deps.table.put(object, this.#deps.clock.monotonic());
    }
  }

  /** Forgets those of services that the configuration no longer has. */
  async reconcile(): Promise<void> {
    const { table } = this.#deps;
    const owners = new Set(table.services().flatMap(({ enabled, plugin }) => (enabled ? [plugin] : [])));
    const gone = table.of('check').filter(({ object }) => object.passive && !owners.has(object.plugin));
    await this.#remove(gone.map(({ object }) => object.id));
  }

  /** What services ask for: it is answered once everything is stored. */
  route(): ControlRoute {
    return {
      method: 'POST',
      path: '/api/v1/passive',
      scope: 'admin',
      handle: async ({ body }) => ({ body: await this.#take(body as unknown as PassiveReport) }),
    };
  }

  async #take({
    plugin,
    checks = [],
    removed = [],
    results = [],
    alerts = [],
    handed_over = [],
  }: PassiveReport) {
    const refused = await this.#define(plugin, checks as unknown as Json[]);
    await this.#remove(removed);
    await this.#remove(handed_over, true);
    await this.#judge(results);
    const held = await this.#tell(alerts);
    return { refused, held };
  }

  async #define(plugin: string, checks: Json[]): Promise<number> {
    const { clock, store, table } = this.#deps;
    const put: [string, Json][] = [];
    let refused = 0;
    for (const check of checks) {
      const object = passiveCheck(plugin, check);
      const known = object && table.get(object.id);
      if (object === undefined || (known !== undefined && !('passive' in known.object))) refused += 1;
      else if (known === undefined || known.object.digest !== object.digest) {
        put.push([`${prefix}${object.id}`, { plugin, check }]);
        table.put(object, clock.monotonic());
      }
    }
    if (put.length === 0) return refused;
    const made = put.flatMap(([key]) => table.get(key.slice(prefix.length)) ?? []);
    await Promise.all([store.put({ put }), linkGroups(this.#deps, made)]);
    this.#deps.notifications.holds.reset();
    return refused;
  }

  /** What handlers were told of those handed over goes in the same turn: a look in between would find a problem that is over, or a new one. */
  async #remove(given: string[], isHandedOver = false): Promise<void> {
    const ids = given.filter((id) => this.#own(id) !== undefined);
    if (ids.length === 0) return;
    const { notifications, store } = this.#deps;
    const stopped = stopObjects(this.#deps, ids);
    const told = isHandedOver ? notifications.dispatcher.handOver(ids) : [];
    await Promise.all([stopped, store.put({ del: [...ids.map((id) => `${prefix}${id}`), ...told] })]);
    await notifications.reconsider();
  }

  async #judge(results: PassiveResult[]): Promise<void> {
    const found: { runtime: Runtime; result: Observation }[] = [];
    for (const { check, state, output, plugin_output: isPlugins } of results) {
      const runtime = this.#own(check);
      if (runtime === undefined) continue;
      Object.assign(runtime, { hasRun: true, state: 'ok', lastRun: this.#deps.clock.now() });
      const end = output.indexOf('\n');
      const [first, more] = end < 0 ? [output, ''] : [output.slice(0, end), output.slice(end + 1)];
      const result = isPlugins
        ? { ...observationOf(readPluginOutput(output, 0, null)), state }
        : { state, output: first, longOutput: more };
      found.push({ runtime, result });
    }
    if (found.length > 0) await this.#results.verdicts(found);
  }

  /** Tells handlers, but of checks that a downtime or silence is for. Gives how many were held back. */
  async #tell(alerts: PassiveAlert[]): Promise<number> {
    const { notifications, store, table } = this.#deps;
    const free = alerts.filter(({ check = '' }) => !this.#isHeld(this.#own(check)));
    const plan = joined(
      free.map(({ check, only, ...what }) =>
        notifications.planOf(
          { type: 'alert', ...what, data: { ...what.data, check: check ?? null } as JsonObject },
          {
            to: ({ id }) => only === undefined || table.handler(id)?.plugin === only,
            ...(check !== undefined && { order: `alert ${check}` }),
          },
        ),
      ),
    );
    if (plan.put.length > 0) await store.put({ put: plan.put, del: plan.del });
    plan.release();
    return alerts.length - free.length;
  }

  #isHeld(runtime: Runtime | undefined): boolean {
    if (runtime?.object.kind !== 'check') return false;
    const { holds } = this.#deps.notifications;
    return holds.decided(runtime.object).some(({ kind }) => kind !== 'acknowledgement');
  }

  #own(id: string): Runtime | undefined {
    const runtime = this.#deps.table.get(id);
    return runtime?.object.kind === 'check' && runtime.object.passive ? runtime : undefined;
  }
}
