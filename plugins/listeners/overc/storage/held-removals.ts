import type { Clock, Json, JsonObject, KeyValues } from 'opsbro/sdk';
import type { AlertRow, Outcome, Report, ServiceFacts, Verdict } from '../model.ts';
import type { Adoption, OldServer, OldService } from '../takeover/old.ts';
import type { Past, Selection, ServerView, Storage, StorageEvents, StorageFigures } from './storage.ts';

/** How long a removal can be undone. */
const heldMs = 10 * 60_000;
const prefix = 'held/';

/** A server or a service that was removed, and can come back until its time is over. */
export interface HeldRemoval {
  what: 'server' | 'service';
  id: number;
  /** SERVER, or SERVER/SERVICE, as they report. */
  name: string;
  /** Title of the server, and of the service where only that was removed. */
  title: string;
  /** Epoch milliseconds. */
  until: number;
}

/** Names, and the newest row when it was removed. */
interface Held extends Omit<HeldRemoval, 'name'> {
  server: string;
  service: string | null;
  row: number;
  /** Its time is over then, monotonic ms. */
  endsMs: number;
  /** Its real removal, while that goes on. */
  ending?: Promise<void>;
  /** Why its removal failed, as it was said. */
  trouble?: string;
}

/** What held removals work with. */
export interface HeldParts {
  kv: KeyValues;
  clock: Clock;
  events: StorageEvents;
  /** Told of what could not be removed. */
  trouble(message: string): void;
}

/**
 * A storage whose removals can be undone for some minutes: what was removed is out of sight at once, and is really removed when its time is over,
 * or when it reports again, with its key, and is registered anew. Outlives a restart. Servers that share a database see it until then.
 */
export class HeldRemovals implements Storage {
  readonly #inner: Storage;
  readonly #parts: HeldParts;
  readonly #held = new Map<string, Held>();

  constructor(inner: Storage, parts: HeldParts) {
    this.#inner = inner;
    this.#parts = parts;
  }

  /** The storage below has to be open. */
  async open(): Promise<void> {
    const { kv, clock } = this.#parts;
    for (const key of await kv.list(prefix)) {
      const held = heldOf(await kv.get(key), clock);
      if (held !== undefined) this.#held.set(keyOf(held.what, held.id), held);
    }
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  /** Takes it out of sight; false where there is none. */
  async remove(what: 'server' | 'service', id: number): Promise<boolean> {
    const gone = await this.services((one) => (what === 'server' ? one.server.id : one.id) === id);
    const [first] = gone;
    // A server without a service is not shown anywhere, so there is nothing to bring back.
    if (first === undefined) return this.#inner.remove(what, id);
    const isService = what === 'service';
    const { clock } = this.#parts;
    const held: Held = {
      ...{ what, id, until: clock.now() + heldMs, endsMs: clock.monotonic() + heldMs },
      server: first.server.name,
      service: isService ? first.name : null,
      title: isService ? `${first.server.title} ${first.title}` : first.server.title,
      row: newest(gone),
    };
    const { ending: _, endsMs: _ends, trouble: _trouble, ...kept } = held;
    await this.#parts.kv.put(`${prefix}${keyOf(what, id)}`, kept);
    this.#held.set(keyOf(what, id), held);
    this.#parts.events.removed(gone);
    return true;
  }

  /** Brings it back; false where it was not removed, or too long ago. */
  async undo(what: 'server' | 'service', id: number): Promise<boolean> {
    const key = keyOf(what, id);
    const held = this.#held.get(key);
    if (held === undefined || held.ending !== undefined) return false;
    // At once: what is being brought back must not be ended meanwhile.
    this.#held.delete(key);
    try {
      await this.#parts.kv.delete(`${prefix}${key}`);
    } catch (error) {
      if (!this.#held.has(key)) this.#held.set(key, held);
      throw error;
    }
    for (const service of await this.services((one) => isOf(held, one)))
      this.#parts.events.changed(service, service.timedOut ? null : service.current);
    return true;
  }

  /** What can be brought back, the newest first. */
  heldNow(): HeldRemoval[] {
    const { clock } = this.#parts;
    return [...this.#held.values()].reverse().map((held) => viewOf(held, clock));
  }

  /** Really removes what was removed long ago. What cannot be is said once, and tried again. */
  async expire(): Promise<void> {
    const { clock, trouble } = this.#parts;
    const now = clock.monotonic();
    for (const held of [...this.#held.values()]) {
      if (held.endsMs > now) continue;
      await this.#end(held).catch(({ message }: Error) => {
        if (held.trouble !== message) trouble(`cannot remove ${held.what} '${held.title}': ${message}`);
        held.trouble = message;
      });
    }
  }

  /** What reports again is registered anew: its past is removed before, but for nobody who could not register or has not its key. */
  take(report: Report): Promise<Outcome> {
    return this.#held.size === 0 ? this.#inner.take(report) : this.#takeAnew(report);
  }

  async #takeAnew(report: Report): Promise<Outcome> {
    const named = new Set<string | null>([
      ...report.services.map(({ name }) => name),
      ...report.alerts.map(({ service }) => service),
    ]);
    const ends = this.#heldOf(report.server, named);
    if (ends.length > 0) {
      const verdict = await this.verdict(report);
      if (verdict !== 'ok') return verdict;
    }
    for (const held of ends) await this.#end(held);
    return this.#inner.take(report);
  }

  /** A server that was removed is one to be registered, with the key that it had. */
  async verdict(report: Report): Promise<Verdict> {
    const verdict = await this.#inner.verdict(report);
    const isGone = this.#heldOf(report.server, null).length > 0;
    return verdict === 'ok' && isGone && !report.mayRegister ? 'unknown-server' : verdict;
  }

  /** Ends what was held long enough, too. */
  async supervises(): Promise<boolean> {
    await this.expire();
    return this.#inner.supervises();
  }

  get isSupervisor(): boolean {
    return this.#inner.isSupervisor;
  }

  /** One that was removed can still come back where another key is carried in, or none. */
  async adoptServer(old: OldServer, isDry: boolean): Promise<Adoption> {
    const { name, key, ip } = old;
    if (this.#heldOf(name, null).length > 0) {
      const report = { server: name, key: key ?? '', ip, at: 0, services: [], alerts: [], mayRegister: true };
      if ((await this.#inner.verdict(report)) !== 'ok') return 'other-key';
    }
    if (!isDry) await this.#endOf(name, null);
    return this.#inner.adoptServer(old, isDry);
  }

  async adoptService(server: string, old: OldService, isDry: boolean): Promise<Adoption> {
    // The server was not carried, or it would not be held any more.
    if (!isDry && this.#heldOf(server, null).length > 0) return 'other-key';
    if (!isDry) await this.#endOf(server, new Set([old.name]));
    return this.#inner.adoptService(server, old, isDry);
  }

  markLate(isLate: (service: ServiceFacts) => boolean, at: number): Promise<void> {
    return this.#inner.markLate((service) => !this.isHeld(service) && isLate(service), at);
  }

  services(isMeant?: (service: ServiceFacts) => boolean): Promise<ServiceFacts[]> {
    if (this.#held.size === 0) return this.#inner.services(isMeant);
    return this.#inner.services((service) => !this.isHeld(service) && (isMeant?.(service) ?? true));
  }

  async servers(): Promise<ServerView[]> {
    const gone = new Set(
      [...this.#held.values()].flatMap((one) => (one.service === null ? [one.server] : [])),
    );
    return (await this.#inner.servers()).filter(({ name }) => !gone.has(name));
  }

  async find(server: string, service: string): Promise<ServiceFacts | undefined> {
    const found = await this.#inner.find(server, service);
    return found !== undefined && this.isHeld(found) ? undefined : found;
  }

  async alerts(selection: Selection, since: number): Promise<AlertRow[]> {
    const all = await this.#inner.alerts(selection, since);
    return all.filter(
      ({ server, service }) =>
        !this.#held.has(keyOf('server', server)) &&
        !(service !== null && this.#held.has(keyOf('service', service))),
    );
  }

  titles(ids: number[]): Promise<Map<number, string>> {
    return this.#inner.titles(ids);
  }

  unsent(limit: number): Promise<AlertRow[]> {
    return this.#inner.unsent(limit);
  }

  sent(ids: number[]): Promise<void> {
    return this.#inner.sent(ids);
  }

  past(service: number, since: number): Promise<Past> {
    return this.#inner.past(service, since);
  }

  infos(rows: number[]): Promise<Map<number, string>> {
    return this.#inner.infos(rows);
  }

  lastRow(): Promise<number> {
    return this.#inner.lastRow();
  }

  reset(name: string): Promise<boolean> {
    return this.#inner.reset(name);
  }

  figures(): Promise<StorageFigures> {
    return this.#inner.figures();
  }

  /** Whether a service is out of sight. */
  isHeld({ id, server }: ServiceFacts): boolean {
    if (this.#held.size === 0) return false;
    return this.#held.has(keyOf('service', id)) || this.#held.has(keyOf('server', server.id));
  }

  /** What is held of a server, as a whole or of these services. */
  #heldOf(server: string, services: ReadonlySet<string | null> | null): Held[] {
    return [...this.#held.values()].filter(
      (held) => held.server === server && (held.service === null || services?.has(held.service) === true),
    );
  }

  /** Really removes it. */
  async #endOf(server: string, services: ReadonlySet<string | null> | null): Promise<void> {
    for (const held of this.#heldOf(server, services)) await this.#end(held);
  }

  async #end(held: Held): Promise<void> {
    // It was brought back, while another was ended.
    if (this.#held.get(keyOf(held.what, held.id)) !== held) return;
    held.ending ??= this.#reallyEnd(held).finally(() => {
      delete held.ending;
    });
    await held.ending;
  }

  async #reallyEnd(held: Held): Promise<void> {
    const those = await this.#inner.services((service) => isOf(held, service));
    // It reported meanwhile, to another server of the same database: it is not what was removed any more.
    if (newest(those) <= held.row) await this.#inner.remove(held.what, held.id);
    const key = keyOf(held.what, held.id);
    await this.#parts.kv.delete(`${prefix}${key}`);
    this.#held.delete(key);
  }
}

function keyOf(what: 'server' | 'service', id: number): string {
  return `${what}/${id}`;
}

function isOf({ what, id }: Held, service: ServiceFacts): boolean {
  return (what === 'server' ? service.server.id : service.id) === id;
}

function newest(services: readonly ServiceFacts[]): number {
  return services.reduce((row, { current }) => Math.max(row, current?.row ?? 0), 0);
}

/** Until when, as the wall clock stands now. */
function viewOf({ what, id, server, service, title, endsMs }: Held, clock: Clock): HeldRemoval {
  const name = service === null ? server : `${server}/${service}`;
  return { what, id, name, title, until: clock.now() + endsMs - clock.monotonic() };
}

/** A wall clock that was set while nothing ran makes the time no longer than it is. */
function heldOf(kept: Json | undefined, clock: Clock): Held | undefined {
  const { what, id, title, until, server, service, row } = (kept ?? {}) as JsonObject;
  if ((what !== 'server' && what !== 'service') || typeof id !== 'number' || typeof server !== 'string')
    return undefined;
  const leftMs = Math.min(heldMs, Math.max(0, Number(until) - clock.now() || 0));
  return {
    ...{ what, id, server, title: String(title), until: Number(until), row: Number(row) },
    endsMs: clock.monotonic() + leftMs,
    service: typeof service === 'string' ? service : null,
  };
}
