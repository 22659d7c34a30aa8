import type { Clock } from 'opsbro/sdk';
import type { ServerFacts, ServiceFacts } from '../model.ts';
import type { SqlRow } from './database.ts';
import { currentOf, type TakenService } from './take.ts';

/** What came to light when the database was read. */
export interface Found {
  services: ServiceFacts[];
  /** Those that reported to another server. */
  changed: ServiceFacts[];
  /** Checks go by names: who has the names of one that is gone is among them, and changed. */
  removed: ServiceFacts[];
}

/** Services in memory: one object for each, that lasts, and when each was heard of by this server's clock. */
export class KnownFacts {
  readonly #clock: Clock;
  readonly #byId = new Map<number, ServiceFacts>();
  readonly #servers = new Map<number, ServerFacts>();
  /** Those that this server removed: an answer that was under way may still name them. */
  readonly #gone = new Set<number>();
  #isFirst = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ids(): Set<number> {
    return new Set(this.#byId.keys());
  }

  /** Rows of all services, read after `before` were known. */
  readAll(rows: SqlRow[], before: ReadonlySet<number>): Found {
    const changed: ServiceFacts[] = [];
    const ids = new Set(rows.map(({ id }) => Number(id)));
    const services = rows
      .filter(({ id }) => !this.#gone.has(Number(id)))
      .map((row) => this.read(row, changed));
    const removed = this.forget([...before].filter((id) => !ids.has(id)));
    this.#isFirst = false;
    const gone = new Set(removed.map(namesOf));
    const anew = gone.size === 0 ? [] : services.filter((service) => gone.has(namesOf(service)));
    return { services, changed: [...new Set([...changed, ...anew])], removed: [...removed, ...anew] };
  }

  /** A row of a service; one that reported since goes to `changed`. */
  read(row: SqlRow, changed: ServiceFacts[] = []): ServiceFacts {
    const id = Number(row.id);
    const known = this.#byId.get(id);
    const current = currentOf(row);
    const isTimedOut = row.timed_out === 1;
    const facts = known ?? this.#add(id, this.#serverOf(row), String(row.name), String(row.title));
    const [before, after] = [facts.current?.row ?? 0, current?.row ?? 0];
    // An older answer than a report that came meanwhile.
    if (after < before) return facts;
    if (known === undefined || after > before) facts.timedOut = isTimedOut;
    else facts.timedOut ||= isTimedOut;
    facts.period = row.period as number | null;
    if (after === before) return facts;
    facts.current = current;
    if (!this.#isFirst) {
      const ageMs = 1000 * Math.max(0, Number(row.now) - Number(row.seen_at));
      facts.reportedMs = this.#clock.monotonic() - ageMs;
      changed.push(facts);
    }
    return facts;
  }

  /** A service as a report left it that this server took. */
  take(server: ServerFacts, taken: TakenService, nowMs: number): ServiceFacts {
    const { id, name, title, period, isTimedOut, current } = taken;
    const own = this.#servers.get(server.id) ?? server;
    this.#servers.set(own.id, own);
    const facts = this.#byId.get(id) ?? this.#add(id, own, name, title);
    const [before, after] = [facts.current?.row ?? 0, current?.row ?? 0];
    // Another server was told of a later one meanwhile.
    if (after < before) return facts;
    Object.assign(facts, { period, timedOut: isTimedOut, current });
    if (after > before) facts.reportedMs = nowMs;
    return facts;
  }

  /** They are gone for good. */
  forget(ids: number[]): ServiceFacts[] {
    return ids.flatMap((id) => {
      const facts = this.#byId.get(id);
      this.#byId.delete(id);
      this.#gone.add(id);
      return facts === undefined ? [] : [facts];
    });
  }

  #add(id: number, server: ServerFacts, name: string, title: string): ServiceFacts {
    const facts: ServiceFacts = {
      ...{ id, server, name, title, period: null, current: null, timedOut: false, reportedMs: 0 },
    };
    this.#byId.set(id, facts);
    return facts;
  }

  #serverOf(row: SqlRow): ServerFacts {
    const id = Number(row.server_id);
    const known = this.#servers.get(id);
    if (known !== undefined) return known;
    const server = {
      ...{ id, name: String(row.server_name), title: String(row.server_title), ip: String(row.ip) },
    };
    this.#servers.set(id, server);
    return server;
  }
}

function namesOf({ server, name }: ServiceFacts): string {
  return `${server.name}\n${name}`;
}
