import type { Json, JsonObject, NodesSnapshot } from 'opsbro/sdk';
import { nodeChanges } from '../../alerting/nodes/changes.ts';
import { GatheredNews } from '../../alerting/nodes/gathered-news.ts';
import type { PluginEntry, ServiceObject } from '../../configuration/model.ts';
import type { ControlRoute, RouteTable } from '../../control/route-table.ts';
import { FactsFeed } from '../../threads/services/facts-feed.ts';
import type { ServiceHost } from '../../threads/services/services.ts';
import { factsWithoutSamples } from '../export/exported-facts.ts';
import type { HostDeps } from './deps.ts';

const requestDeadlineMs = 30_000;
/** How long a suspect's thread has to run, apart from other suspects, until the agent is believed to survive it. */
const probationMs = 10_000;

/** Starts and stops services as configuration and groups ask for, and gives the routes that their manifests declare. */
export class ServiceLinks {
  readonly #deps: HostDeps;
  readonly #host: ServiceHost;
  readonly #facts: FactsFeed;
  readonly #news: GatheredNews;
  /** By object id. */
  readonly #running = new Map<string, { digest: string }>();

  constructor(deps: HostDeps, host: ServiceHost) {
    this.#deps = deps;
    this.#host = host;
    this.#facts = new FactsFeed({
      clock: deps.clock,
      isWanted: () => this.#wanted().some(({ entry }) => entry.manifest.needs?.includes('facts')),
      read: () => factsWithoutSamples(deps) as unknown as JsonObject,
      push: (facts) => host.push('facts', facts),
    });
    this.#news = new GatheredNews({
      clock: deps.clock,
      tell: (occurrence) => void deps.notifications.announce(occurrence),
    });
    host.onPublished = (topic, data) => this.#published(topic, data);
    deps.bus.subscribe('verdict', () => this.#facts.soon());
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
    this.#host.push('wanted', [
      ...new Set(this.#wanted().flatMap(({ entry }) => entry.manifest.needs ?? [])),
    ]);
    this.#facts.now();
  }

  /** Starts no more of those that wait for their turn. */
  stop(): void {
    this.#running.clear();
    this.#facts.stop();
    this.#news.stop();
  }

  /** Gives the table the routes of the services that run, and tells services what it then serves. */
  serve(table: RouteTable): void {
    table.usePluginRoutes(this.routes());
    this.#host.push('routes', table.views() as unknown as JsonObject[]);
  }

  /** The routes of the services that run. */
  routes(): ControlRoute[] {
    return this.#wanted().flatMap(({ entry, object }) =>
      (entry.manifest.routes ?? []).map((route) => ({
        ...route,
        handle: (request) =>
          this.#host.request(
            object.id,
            { route: route.path, method: route.method, ...request },
            requestDeadlineMs,
          ),
      })),
    );
  }

  /** Keeps what collectors ask for; what the cluster was when its service stopped stays known. */
  #published(topic: string, data: Json | undefined): void {
    const { board, registry } = this.#deps;
    if (topic === 'nodes') {
      if (data !== undefined) this.#nodes(data as unknown as NodesSnapshot);
    } else if (data === undefined) board.published.delete(topic);
    else if (registry.isCollected(topic)) board.published.set(topic, data);
  }

  #nodes(snapshot: NodesSnapshot): void {
    const { board, bus, clock } = this.#deps;
    const changes = nodeChanges(board.nodes, snapshot, clock.now());
    board.nodes = snapshot;
    for (const change of changes) bus.publish('node', change);
    this.#news.hear(snapshot, changes);
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
