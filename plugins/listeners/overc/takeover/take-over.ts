import type { Clock } from 'opsbro/sdk';
import { openDatabase, shownUrl } from '../sql/database.ts';
import type { Storage } from '../storage/storage.ts';
import type { Adoption } from './old.ts';
import { type FoundServer, type FoundService, OldDatabase } from './old-database.ts';

/** What an old installation is taken over with. */
export interface TakeOverParts {
  storage: Pick<Storage, 'adoptServer' | 'adoptService' | 'figures'>;
  clock: Clock;
  limits: { servers: number; services: number };
}

/** What is asked for. */
export interface TakeOverRequest {
  /** URL of the old database. */
  database: string;
  /** Of how many days states and alerts are carried. */
  days: number;
  /** Only says what would be. */
  dry_run: boolean;
}

/** One thing that is not here as it was there. */
export interface Remark {
  /** `SERVER` or `SERVER/SERVICE`; '' for all. */
  object: string;
  what: string;
}

/** How far it is, and what became of what was found. */
export interface TakeOverView {
  state: 'running' | 'done' | 'failed';
  dry_run: boolean;
  error: string | null;
  /** Found there; newly here; here before. */
  servers: { found: number; carried: number; known: number };
  services: { found: number; carried: number; known: number };
  states: { found: number; carried: number };
  alerts: { found: number; carried: number };
  not_carried: Remark[];
  /** Remarks beyond those that are listed. */
  more: number;
}

const mostRemarks = 1000;
const longestName = 500;
const dayMs = 86_400_000;

/** Carries servers with their keys, services, states and alerts of an OverC 1.0.9 over. What is here already stays as it is, so it may be run again. */
export class TakeOver {
  readonly view: TakeOverView;
  readonly #parts: TakeOverParts;
  readonly #request: TakeOverRequest;
  readonly #signal: AbortSignal;

  /** Once `signal` is aborted no further server or service is carried. */
  constructor(parts: TakeOverParts, request: TakeOverRequest, signal: AbortSignal) {
    this.#parts = parts;
    this.#request = request;
    this.#signal = signal;
    this.view = {
      ...{ state: 'running', dry_run: request.dry_run, error: null },
      servers: { found: 0, carried: 0, known: 0 },
      services: { found: 0, carried: 0, known: 0 },
      states: { found: 0, carried: 0 },
      alerts: { found: 0, carried: 0 },
      ...{ not_carried: [], more: 0 },
    };
  }

  /** Never rejects: a failure is in the view. */
  async run(): Promise<void> {
    try {
      const database = await openDatabase(this.#request.database);
      try {
        await this.#carry(new OldDatabase(database, this.#sinceMs()));
      } finally {
        await database.close();
      }
      this.view.state = 'done';
    } catch (error) {
      const { message } = error as Error;
      const url = shownUrl(this.#request.database);
      Object.assign(this.view, {
        state: 'failed',
        error: message.startsWith("'database'") ? message : `${url}: ${message}`,
      });
    }
  }

  #sinceMs(): number {
    return this.#parts.clock.now() - this.#request.days * dayMs;
  }

  async #carry(old: OldDatabase): Promise<void> {
    const { view } = this;
    const found = await old.figures();
    view.servers.found = found.servers;
    view.services.found = found.services;
    view.states.found = found.states;
    view.alerts.found = found.alerts;
    await this.#lookForRoom();
    for await (const server of old.servers()) {
      this.#signal.throwIfAborted();
      if (!(await this.#server(server))) continue;
      for await (const service of old.services(server.id)) {
        this.#signal.throwIfAborted();
        await this.#service(server.name, service);
      }
    }
    const orphans = await old.orphans();
    if (orphans > 0) this.#lose('', `${orphans} services have no server`);
    const { states, alerts } = view;
    const kept = view.services.known > 0 ? ', or of services that are here already' : '';
    if (states.found > states.carried)
      this.#lose(
        '',
        `${states.found - states.carried} states older than ${this.#request.days} days or the newest 1,000 of their service${kept}`,
      );
    if (alerts.found > alerts.carried)
      this.#lose(
        '',
        `${alerts.found - alerts.carried} alerts older than ${this.#request.days} days or the newest 1,000 of their service${kept}`,
      );
  }

  async #lookForRoom(): Promise<void> {
    const { storage, limits } = this.#parts;
    const { servers, services } = await storage.figures();
    const { view } = this;
    if (servers + view.servers.found > limits.servers)
      this.#lose(
        '',
        `${view.servers.found} servers may be more than 'max_servers' (${limits.servers}) has room for`,
      );
    if (services + view.services.found > limits.services)
      this.#lose(
        '',
        `${view.services.found} services may be more than 'max_services' (${limits.services}) has room for`,
      );
  }

  /** False where its services cannot come either. */
  async #server(server: FoundServer): Promise<boolean> {
    const { view } = this;
    const isNamed = this.#isName(server.name, server.name);
    const outcome = isNamed ? await this.#parts.storage.adoptServer(server, view.dry_run) : 'full';
    if (!isNamed) return false;
    if (outcome === 'carried' || outcome === 'known') view.servers[outcome] += 1;
    if (outcome === 'carried') view.alerts.carried += server.alerts.length;
    if (outcome === 'carried') this.#notTold(server.name, server.untold);
    if (outcome === 'carried' && server.key === null)
      this.#lose(server.name, 'it has no key there: the first key that comes with its name counts');
    return this.#isIn(server.name, outcome, 'servers');
  }

  async #service(server: string, service: FoundService): Promise<void> {
    const { view } = this;
    const object = `${server}/${service.name}`;
    if (!this.#isName(object, service.name)) return;
    const outcome = await this.#parts.storage.adoptService(server, service, view.dry_run);
    if (outcome === 'carried' || outcome === 'known') view.services[outcome] += 1;
    if (!this.#isIn(object, outcome, 'services') || outcome === 'known') return;
    view.states.carried += service.states.length;
    view.alerts.carried += service.alerts.length;
    this.#notTold(object, service.untold);
  }

  #notTold(object: string, count: number): void {
    if (count > 0)
      this.#lose(
        object,
        `nobody was told of ${count} of its alerts there; they are listed, and not told here`,
      );
  }

  #isName(object: string, name: string): boolean {
    const fault =
      name === '' ? 'empty' : name.length > longestName ? `longer than ${longestName} characters` : null;
    if (fault !== null) this.#lose(object.slice(0, 100), `its name is ${fault}`);
    return fault === null;
  }

  #isIn(object: string, outcome: Adoption, what: string): boolean {
    if (outcome === 'other-key')
      this.#lose(
        object,
        'a server of this name reports here with another key; it stays as it is, with its services',
      );
    if (outcome === 'full') this.#lose(object, `there is no room for it: raise 'max_${what}' of overc`);
    return outcome === 'carried' || outcome === 'known';
  }

  #lose(object: string, what: string): void {
    const { not_carried: lost } = this.view;
    if (lost.length < mostRemarks) lost.push({ object, what });
    else this.view.more += 1;
  }
}
