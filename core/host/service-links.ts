import type { Json, RouteReply } from 'opsbro/sdk';
import type { PluginEntry, ServiceObject } from '../../configuration/model.ts';
import type { ServiceHost } from '../../threads/services/services.ts';
import type { ControlRoute } from '../control/route-table.ts';
import type { HostDeps } from './deps.ts';

const requestDeadlineMs = 30_000;
/** How long a suspect's thread has to run, apart from other suspects, until the agent is believed to survive it. */
const probationMs = 10_000;

/** Starts and stops services as configuration and groups ask for, and gives the routes that their manifests declare. */
export class ServiceLinks {
  readonly #deps: HostDeps;
  readonly #host: ServiceHost;
  /** By object id. */
  readonly #running = new Map<string, { digest: string }>();

  constructor(deps: HostDeps, host: ServiceHost) {
    this.#deps = deps;
    this.#host = host;
  }

  /** Brings what runs in line with what should; called after a reload, and when groups change. */
  reconcile(): void {
    const wanted = new Map(this.#wanted().map(({ entry, object }) => [object.id, { entry, object }]));
    for (const id of this.#running.keys()) {
      if (wanted.has(id)) continue;
      this.#running.delete(id);
      void this.#host.stop(id);
    }
    for (const [id, { entry, object }] of wanted) {
      if (this.#running.get(id)?.digest !== object.digest) this.#start(entry, object);
    }
    this.#host.push('groups', [...this.#deps.board.groups]);
  }

  /** Starts no more of those that wait for their turn. */
  stop(): void {
    this.#running.clear();
  }

  /** The routes of the services that run. */
  routes(): ControlRoute[] {
    return this.#wanted().flatMap(({ entry, object }) =>
      (entry.manifest.routes ?? []).map(({ method, path, scope }) => ({
        method,
        path,
        scope,
        handle: (request) =>
          this.#host.request(object.id, { route: path, method, ...request }, requestDeadlineMs) as Promise<
            RouteReply & { body: Json }
          >,
      })),
    );
  }

  #start(entry: PluginEntry, object: ServiceObject): void {
    const { quarantine, clock } = this.#deps;
    const own = { digest: object.digest };
    this.#running.set(object.id, own);
    if (!quarantine.isSuspect(entry.id)) {
      void this.#host.start(entry, object);
      return;
    }
    const isWanted = (): boolean => this.#running.get(object.id) === own;
    void quarantine.inTurn(entry.id, async () => {
      if (isWanted()) {
        await this.#host.start(entry, object);
        await new Promise<void>((resolve) => clock.after(probationMs, resolve));
      }
      return { value: undefined, survived: isWanted() };
    });
  }

  #wanted(): { entry: PluginEntry; object: ServiceObject }[] {
    const { table, registry, board, quarantine } = this.#deps;
    return table.services().flatMap((object) => {
      const entry = registry.get(object.plugin);
      const here = object.enabledIfGroup === null || board.groups.includes(object.enabledIfGroup);
      if (entry?.module == null || !object.enabled || !here) return [];
      return quarantine.get(entry.id) === undefined ? [{ entry, object }] : [];
    });
  }
}
