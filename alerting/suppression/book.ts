import type { Json, JsonObject } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import type {
  Acknowledgement,
  CheckFacts,
  Downtime,
  Silence,
  SuppressionEvent,
  SuppressionTables,
} from './model.ts';
import { isObject, readAcknowledgement, readDowntime, readSilence } from './request.ts';
import { applyChanges, endOf, type Step, startOf, step } from './step.ts';
import { calendarOf, nextChangeAt } from './suppressions.ts';

/** Downtimes, acknowledgements and silences together. */
const maxEntries = 20_000;

/** Keys to write and to remove, together or not at all. */
export interface SuppressionBatch {
  put: [key: string, value: Json][];
  del: string[];
}

/** What a book works with. */
export interface BookOptions {
  now(): number;
  /** All checks as they are now. Called once they are known, which is after the first load. */
  checks(): CheckFacts[];
  /**
   * Stores what changed, in one batch with whatever the caller makes of the events: history, outbox. What ended is out of the tables by then,
   * and out of the store only with this batch. `isWord`: somebody is told that it is kept, so it rejects, and nothing of it stays, where the
   * disk does not have it; else it resolves all the same.
   */
  save(batch: SuppressionBatch, events: SuppressionEvent[], isWord: boolean): Promise<void>;
  /** Hears of what was stored. */
  tell(events: SuppressionEvent[]): void;
}

/** A downtime or silence of a file: its object's id, and its keys. */
export interface ConfiguredEntry {
  kind: 'downtime' | 'silence';
  id: string;
  keys: JsonObject;
}

const prefixes = { downtimes: 'downtime/', acknowledgements: 'ack/', silences: 'silence/' } as const;

type Changed = Step['changed'];

const nothing: SuppressionTables = { downtimes: new Map(), acknowledgements: new Map(), silences: new Map() };

/**
 * Remembers downtimes, acknowledgements and silences: 20,000 at most. Every method resolves when the change is stored; one after another, so
 * that nothing is decided beside a change under way. What somebody commands holds once it is stored, and rejects with OPSBRO_AGENT_STORE or
 * OPSBRO_AGENT_BUSY, with nothing changed, where it cannot be. Everything it decides is `step`'s.
 */
export class AlertBook {
  readonly #options: BookOptions;
  #tables: SuppressionTables = nothing;
  #serial = 0;
  #isComplete = true;
  /** What was restored may have ended while nobody looked. */
  #dueAt: number | null = Number.NEGATIVE_INFINITY;
  #stepping: Promise<SuppressionEvent[]> | null = null;
  /** The end of the last change that was asked for. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: BookOptions) {
    this.#options = options;
  }

  /** What holds now, for `suppressionsOf`. A new object whenever anything changed. */
  get tables(): SuppressionTables {
    return this.#tables;
  }

  /** All checks as they are now. */
  checks(): CheckFacts[] {
    return this.#options.checks();
  }

  /** When `step` is due by time alone: in the past until it was called; null when never. */
  nextChangeAt(): number | null {
    return this.#dueAt;
  }

  /** Puts back what the store has below `downtime/`, `ack/` and `silence/`. Gives the keys of what it cannot read, which is left out. */
  restore(entries: Iterable<[key: string, value: Json]>): string[] {
    const unreadable: string[] = [];
    const downtimes = new Map<string, Downtime>();
    const acknowledgements = new Map<string, Acknowledgement>();
    const silences = new Map<string, Silence>();
    for (const [key, value] of entries) {
      const id = key.slice(key.indexOf('/') + 1);
      if (!isObject(value)) unreadable.push(key);
      else if (key.startsWith(prefixes.downtimes) && isDowntime(value)) downtimes.set(id, value);
      else if (key.startsWith(prefixes.silences) && isSilence(value)) silences.set(id, value);
      else if (key.startsWith(prefixes.acknowledgements) && value.check === id)
        acknowledgements.set(id, value as unknown as Acknowledgement);
      else unreadable.push(key);
    }
    this.#tables = { downtimes, acknowledgements, silences };
    return unreadable;
  }

  /** Adds a downtime and gives it. Throws OPSBRO_API_INVALID for keys that `readDowntime` refuses, and an id that is taken. */
  addDowntime(request: JsonObject, by: string): Promise<Downtime> {
    return this.#commanded(async (at) => {
      const downtime = readDowntime(request, { id: this.#newId(at), at, origin: 'command', by });
      const { schedule } = downtime;
      if (schedule.type === 'once' && schedule.until <= at)
        throw invalid(`it ended at ${new Date(schedule.until).toISOString()}; write an end in the future`);
      this.#claim(this.#tables.downtimes, downtime.id, 'downtime');
      await this.#command(at, { downtimes: new Map([[downtime.id, downtime]]) }, []);
      return this.#tables.downtimes.get(downtime.id) ?? downtime;
    });
  }

  /** Silences checks from now on. Throws OPSBRO_API_INVALID, also when it would end at once because nothing has a problem. */
  addSilence(request: JsonObject, by: string): Promise<Silence> {
    return this.#commanded(async (at) => {
      const silence = readSilence(request, { id: this.#newId(at), at, origin: 'command', by });
      this.#claim(this.#tables.silences, silence.id, 'silence');
      const silences = new Map([[silence.id, silence]]);
      const ended = step({ ...nothing, silences }, this.#options.checks(), at).events;
      if (ended.length > 0)
        throw invalid(
          "nothing that it matches has a problem now, so 'resolved' would end it at once; give a time",
        );
      await this.#command(at, { silences }, [startOf('silence', silence, 'added', at, silence.until)]);
      return silence;
    });
  }

  /** Acknowledges the problem of a check, in place of an earlier acknowledgement. Throws OPSBRO_API_INVALID when it has no problem. */
  acknowledge(check: CheckFacts, request: JsonObject, by: string): Promise<Acknowledgement> {
    return this.#commanded(async (at) => {
      const made = readAcknowledgement(check, request, { at, by });
      if (!this.#tables.acknowledgements.has(check.id)) this.#makeRoom();
      const started = startOf('acknowledgement', { ...made, id: check.id }, 'added', at, made.until);
      await this.#command(at, { acknowledgements: new Map([[check.id, made]]) }, [started]);
      return made;
    });
  }

  /** Takes a downtime or silence away; `by` did it. Throws OPSBRO_API_NOT_FOUND, and OPSBRO_API_INVALID for one of a file. */
  remove(kind: 'downtime' | 'silence', id: string, by: string): Promise<void> {
    return this.#commanded(async (at) => {
      const table = kind === 'downtime' ? this.#tables.downtimes : this.#tables.silences;
      const found = table.get(id);
      if (found === undefined) throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no ${kind} '${id}'`);
      if (found.origin === 'configuration')
        throw invalid(`the ${kind} '${id}' is of a file; take it out of the configuration`);
      const gone = new Map([[id, null]]);
      const change = kind === 'downtime' ? { downtimes: gone } : { silences: gone };
      await this.#command(at, change, this.#ends(kind, found, by));
    });
  }

  /** Takes the acknowledgement of a check away; `by` did it. Throws OPSBRO_API_NOT_FOUND. */
  unacknowledge(check: string, by: string): Promise<void> {
    return this.#commanded(async (at) => {
      const found = this.#tables.acknowledgements.get(check);
      if (found === undefined)
        throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no acknowledgement of '${check}'`);
      const event = endOf('acknowledgement', { ...found, id: check, by }, 'removed', at);
      await this.#command(at, { acknowledgements: new Map([[check, null]]) }, [event]);
    });
  }

  /**
   * Takes over what the files say now: all of it. What did not change keeps what is known of it; a file's downtime that was edited begins
   * anew. Entries were validated when the file was read. `isComplete` false: some files cannot be read, so what is missing, checks too, is not gone.
   */
  configure(entries: readonly ConfiguredEntry[], isComplete = true): Promise<void> {
    return this.#inTurn(() => this.#configure(entries, isComplete));
  }

  async #configure(entries: readonly ConfiguredEntry[], isComplete: boolean): Promise<void> {
    this.#isComplete = isComplete;
    const wanted = new Set(entries.map(({ kind, id }) => `${kind}/${id}`));
    const events: SuppressionEvent[] = [];
    const downtimes: Changed['downtimes'] = new Map();
    const silences: Changed['silences'] = new Map();
    for (const [kind, table, gone] of [
      ['downtime', this.#tables.downtimes, downtimes],
      ['silence', this.#tables.silences, silences],
    ] as const)
      for (const found of table.values())
        if (isComplete && found.origin === 'configuration' && !wanted.has(`${kind}/${found.id}`)) {
          gone.set(found.id, null);
          events.push(...this.#ends(kind, found, found.by));
        }
    for (const entry of entries) {
      if (entry.kind === 'downtime') this.#configureDowntime(entry, downtimes, events);
      else this.#configureSilence(entry, silences, events);
    }
    await this.#change({ ...nothingChanged(), downtimes, silences }, events);
  }

  #configureDowntime(
    { id, keys }: ConfiguredEntry,
    changed: Changed['downtimes'],
    events: SuppressionEvent[],
  ): void {
    const before = this.#tables.downtimes.get(id);
    const read = (at: number): Downtime =>
      readDowntime(keys, { id, at, origin: 'configuration', by: 'configuration' });
    if (before !== undefined) {
      const { current, usedWindow } = before;
      if (isSame({ ...read(before.createdAt), current, usedWindow }, before)) return;
      events.push(...this.#ends('downtime', before, before.by));
    }
    changed.set(id, read(this.#options.now()));
  }

  #configureSilence(
    { id, keys }: ConfiguredEntry,
    changed: Changed['silences'],
    events: SuppressionEvent[],
  ): void {
    const before = this.#tables.silences.get(id);
    const read = (at: number): Silence =>
      readSilence(keys, { id, at, origin: 'configuration', by: 'configuration' });
    if (before !== undefined && isSame({ ...read(before.createdAt), endedAt: before.endedAt }, before))
      return;
    const at = this.#options.now();
    const made = read(at);
    changed.set(id, made);
    if (before === undefined || before.endedAt !== null)
      events.push(startOf('silence', made, 'added', at, made.until));
  }

  /**
   * Starts and ends what is due, and gives the events of it. Call it at `nextChangeAt`, and when the state of a check changed; many calls of one
   * turn of the loop are one step.
   */
  step(): Promise<SuppressionEvent[]> {
    this.#stepping ??= this.#inTurn(() => {
      this.#stepping = null;
      return this.#step();
    });
    return this.#stepping;
  }

  async #step(): Promise<SuppressionEvent[]> {
    const at = this.#options.now();
    const checks = this.#size() === 0 ? [] : this.#options.checks();
    const { tables, events, changed } = step(this.#tables, checks, at, this.#isComplete);
    const isChanged = tables !== this.#tables;
    this.#use(tables, at);
    if (isChanged) await this.#store(changed, events);
    return events;
  }

  async #store(changed: Changed, events: SuppressionEvent[]): Promise<void> {
    await this.#options.save(batchOf(changed), events, false);
    this.#options.tell(events);
  }

  #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #use(tables: SuppressionTables, at: number): void {
    this.#tables = tables;
    this.#dueAt = nextChangeAt(tables, at);
  }

  /** Has `act` decide and change with everything done that is due, at that moment. */
  #commanded<Result>(act: (at: number) => Promise<Result>): Promise<Result> {
    return this.#inTurn(async () => {
      await this.#step();
      return await act(this.#options.now());
    });
  }

  /** Stores what somebody commanded and whatever that starts, as one batch; then it holds. */
  async #command(at: number, given: Partial<Changed>, events: SuppressionEvent[]): Promise<void> {
    const asked = { ...nothingChanged(), ...given };
    const next = step(applyChanges(nothing, asked), this.#options.checks(), at, this.#isComplete);
    const changed = together(asked, next.changed);
    try {
      await this.#options.save(batchOf(changed), [...events, ...next.events], true);
    } catch (error) {
      if (!(error instanceof OpsbroError)) throw error;
      const message = `nothing is changed, do it again later: ${error.message}`;
      throw new OpsbroError(error.code, message, { cause: error });
    }
    this.#use(applyChanges(this.#tables, changed), at);
    this.#options.tell([...events, ...next.events]);
  }

  /** Applies a change of the files and whatever it starts, as one batch. */
  async #change(given: Changed, events: SuppressionEvent[]): Promise<void> {
    if (given.downtimes.size + given.silences.size === 0) return;
    const at = this.#options.now();
    const checks = this.#options.checks();
    const next = step(applyChanges(this.#tables, given), checks, at, this.#isComplete);
    this.#use(next.tables, at);
    await this.#store(together(given, next.changed), [...events, ...next.events]);
  }

  /** The end of what was going on, when it is taken away. */
  #ends(kind: 'downtime' | 'silence', found: Downtime | Silence, by: string): SuppressionEvent[] {
    const isOn = 'schedule' in found ? found.current !== null : found.endedAt === null;
    return isOn ? [endOf(kind, { ...found, by }, 'removed', this.#options.now())] : [];
  }

  #newId(at: number): string {
    const { downtimes, silences } = this.#tables;
    for (;;) {
      this.#serial += 1;
      const id = `${Math.floor(at / 1000).toString(36)}${this.#serial.toString(36)}`;
      if (!downtimes.has(id) && !silences.has(id)) return id;
    }
  }

  #claim(table: ReadonlyMap<string, unknown>, id: string, what: string): void {
    if (table.has(id)) throw invalid(`there is a ${what} '${id}' already; remove it or choose another id`);
    this.#makeRoom();
  }

  #size(): number {
    const { downtimes, acknowledgements, silences } = this.#tables;
    return downtimes.size + acknowledgements.size + silences.size;
  }

  #makeRoom(): void {
    if (this.#size() >= maxEntries)
      throw invalid(`there are ${maxEntries} downtimes, acknowledgements and silences already; remove some`);
  }
}

function nothingChanged(): Changed {
  return { downtimes: new Map(), acknowledgements: new Map(), silences: new Map() };
}

/** Two changes as one; what the later says of an entry counts. */
function together(first: Changed, later: Changed): Changed {
  return {
    downtimes: new Map([...first.downtimes, ...later.downtimes]),
    acknowledgements: new Map([...first.acknowledgements, ...later.acknowledgements]),
    silences: new Map([...first.silences, ...later.silences]),
  };
}

function batchOf(changed: Changed): SuppressionBatch {
  const batch: SuppressionBatch = { put: [], del: [] };
  for (const name of ['downtimes', 'acknowledgements', 'silences'] as const)
    for (const [id, value] of changed[name])
      if (value === null) batch.del.push(`${prefixes[name]}${id}`);
      else batch.put.push([`${prefixes[name]}${id}`, value as unknown as JsonObject]);
  return batch;
}

/** True for entries that differ in nothing. Both were made by the same function, so their keys have one order. */
function isSame(one: Downtime | Silence, other: Downtime | Silence): boolean {
  const sorted = (value: object): string => JSON.stringify(Object.entries(value).sort());
  return sorted(one) === sorted(other);
}

function isDowntime(value: JsonObject): value is JsonObject & Downtime {
  try {
    calendarOf(value.schedule as unknown as Downtime['schedule']).windowFrom(0);
    return Array.isArray(value.match);
  } catch {
    return false;
  }
}

function isSilence(value: JsonObject): value is JsonObject & Silence {
  return Array.isArray(value.match) && typeof value.untilResolved === 'boolean';
}

function invalid(message: string): OpsbroError {
  return new OpsbroError('OPSBRO_API_INVALID', message);
}
