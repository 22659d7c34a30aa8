import type { Json, RouteReply } from 'opsbro/sdk';
import type { PluginEntry, ServiceObject } from '../../configuration/model.ts';
import type { ServiceHost } from '../../threads/services/services.ts';
import type { ControlRoute } from '../control/route-table.ts';
import type { HostDeps } from './deps.ts';

const requestDeadlineMs = 30_000;

/** Starts and stops services as configuration and groups ask for, and gives the routes that their manifests declare. */
export class ServiceLinks {
  readonly #deps: HostDeps;
  readonly #host: ServiceHost;
  /** Object id to the digest that runs. */
  readonly #running = new Map<string, string>();

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
      if (this.#running.get(id) === object.digest) continue;
      this.#running.set(id, object.digest);
      void this.#host.start(entry, object);
    }
    this.#host.push('groups', [...this.#deps.board.groups]);
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
