import type { ServiceContext } from '../define.ts';
import type { JsonObject } from '../values.ts';
import { Backlog, type Told } from './backlog.ts';
import type { PassiveAlert, PassiveCheck, PassiveReport } from './report.ts';

export type { Told } from './backlog.ts';

/** What a link works with. */
export interface PassiveLinkParts {
  /** The plugin that tells, e.g. `listener/overc`. */
  plugin: string;
  ask: ServiceContext['ask'];
  clock: ServiceContext['clock'];
  /** Each result is told, also where it changes nothing, and of 16 MiB that wait the oldest go; by default a state that stays is told now and then. */
  tellsAll?: boolean;
  /** Told of what the agent did not take, once for each time that it stops taking. */
  trouble(message: string): void;
}

/** What waits of one check, and what was told of it last: there may be a hundred thousand. */
interface Waiting {
  /** What the check is known by. */
  owner: unknown;
  /** Where it is another one, the check is defined anew. */
  version: unknown;
  make(owner: unknown): PassiveCheck;
  /** States it went through, the last of which may be told again. */
  results: Told[];
  isDefined: boolean;
  /** The last state that was handed over, and when, monotonic ms. */
  toldState: string;
  toldMs: number;
  /** How long a state that stays is not told again. */
  againMs: number;
}

/** A check and what waits of it, as they are handed over. */
interface Handed {
  waiting: Waiting;
  check: PassiveCheck;
  version: unknown;
  results: Told[];
}

/** Of all checks that have nothing to tell: never written to. */
const none: Told[] = [];
const perReport = 500;
/** And so many characters; the last check may bring more. */
const charactersPerReport = 1024 * 1024;
/** An unchanged state is told so often, or as often as it is reported; and twice in its period where that is longer. */
const againMs = 10_000;
const longestAgainMs = 30_000;
/** States that a check may go through before the agent has heard of them; then the oldest go. */
const mostResults = 20;
const askMs = 10_000;

/**
 * Tells the agent of what others report as checks of its own: each change in its order, a state that stays now and then. What the agent does
 * not take is told again. For trusted services whose manifest `needs: [routes]`.
 * @example `link.tell(check, { state: 'ok', output: '3 items' }); await link.flush();`
 */
export class PassiveLink {
  readonly #parts: PassiveLinkParts;
  readonly #known = new Map<unknown, Waiting>();
  readonly #due = new Set<Waiting>();
  /** Of results that are all told; of the others no last state may be lost. */
  readonly #backlog = new Backlog<Waiting>();
  #removed: string[] = [];
  #handedOver: string[] = [];
  #isInTrouble = false;
  #isFullTold = false;
  #dropped = 0;
  #sending: Promise<void> | undefined;

  constructor(parts: PassiveLinkParts) {
    this.#parts = parts;
  }

  /** A check is, and is so. One that is another object than before is defined anew. */
  tell(check: PassiveCheck, told: Told): void {
    this.tellOf(check.id, check, () => check, told);
  }

  /**
   * The same of a check that is made only where it has to be told: what it is known by is enough to remember the others. It is defined anew where its
   * `version` is another one than before.
   */
  tellOf<Owner>(owner: Owner, version: unknown, make: (owner: Owner) => PassiveCheck, told: Told): void {
    const waiting = this.#known.get(owner) ?? this.#add(owner, version, make);
    if (waiting.version !== version) {
      waiting.version = version;
      waiting.make = make as Waiting['make'];
      waiting.isDefined = false;
    }
    const { clock, tellsAll = false } = this.#parts;
    const last = waiting.results.at(-1);
    const isUnchanged =
      !tellsAll && waiting.isDefined && last === undefined && waiting.toldState === told.state;
    if (isUnchanged && clock.monotonic() - waiting.toldMs < waiting.againMs) return;
    if (last === undefined) waiting.results = [told];
    else if (!tellsAll && last.state === told.state) waiting.results[waiting.results.length - 1] = told;
    else waiting.results.push(told);
    this.#due.add(waiting);
    if (tellsAll) this.#backlog.add(told, waiting);
    this.#makeRoom([waiting]);
  }

  #add<Owner>(owner: Owner, version: unknown, make: (owner: Owner) => PassiveCheck): Waiting {
    // No spread: V8 would give each of these objects a shape of its own, which is larger than it. And `toldMs` is no whole number, so that it is
    // written over where it is.
    const waiting: Waiting = {
      owner,
      version,
      make: make as Waiting['make'],
      results: none,
      isDefined: false,
      toldState: '',
      toldMs: 0.5,
      againMs: 0,
    };
    this.#known.set(owner, waiting);
    return waiting;
  }

  /** Checks are gone. `owners` are what they are known by, in the order of `ids`, where that is not their ids. */
  forget(ids: string[], owners: readonly unknown[] = ids): void {
    this.#letGo(owners);
    this.#removed = this.#removed.concat(ids);
  }

  /** Checks are another agent's from now on: of their end nobody is told. `owners` as for those that are gone. */
  handOver(ids: string[], owners: readonly unknown[] = ids): void {
    this.#letGo(owners);
    this.#handedOver = this.#handedOver.concat(ids);
  }

  #letGo(owners: readonly unknown[]): void {
    for (const owner of owners) {
      const known = this.#known.get(owner);
      this.#known.delete(owner);
      if (known !== undefined) this.#due.delete(known);
      for (const told of known?.results ?? []) this.#backlog.remove(told);
    }
  }

  /** How many checks the agent has to hear of. */
  get waiting(): number {
    return this.#due.size + this.#removed.length + this.#handedOver.length;
  }

  /** How many results were dropped before the agent took them. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Hands over what waits. Never rejects; one that is under way is joined, and takes along what came meanwhile. */
  flush(): Promise<void> {
    if (this.waiting === 0) return this.#sending ?? Promise.resolve();
    this.#sending ??= this.#flush();
    return this.#sending;
  }

  /** Has alerts told. False where the agent did not take them. */
  alert(alerts: PassiveAlert[]): Promise<boolean> {
    return this.#ask({ alerts });
  }

  async #flush(): Promise<void> {
    while (this.waiting > 0 && (await this.#flushSome())) {
      // What came while the agent was asked is next.
    }
    // In the same turn as the last look: what is told from now on is for another flush.
    this.#sending = undefined;
  }

  /** False where the agent did not take it. */
  async #flushSome(): Promise<boolean> {
    const removed = this.#removed.splice(0, perReport);
    // One kind at a time, so that each is taken whole.
    const handedOver = removed.length > 0 ? [] : this.#handedOver.splice(0, perReport);
    // One that was removed and is again comes behind its removal.
    const handed = removed.length + handedOver.length > 0 ? [] : this.#takeDue();
    const isTaken = await this.#ask({
      removed,
      handed_over: handedOver,
      checks: handed.filter(({ waiting }) => !waiting.isDefined).map(({ check }) => check),
      results: handed.flatMap(({ check: { id: check }, results }) =>
        results.map((told) => Object.assign({ check }, told)),
      ),
    });
    if (!isTaken) {
      this.#removed.unshift(...removed);
      this.#handedOver.unshift(...handedOver);
      this.#putBack(handed);
    } else for (const one of handed) this.#taken(one);
    return isTaken;
  }

  #takeDue(): Handed[] {
    const due: Handed[] = [];
    let characters = 0;
    for (const waiting of this.#due) {
      if (due.length >= perReport || characters >= charactersPerReport) break;
      const { owner, version, results } = waiting;
      const check = waiting.make(owner);
      waiting.againMs = againAfterMs(check);
      due.push({ waiting, check, version, results });
      waiting.results = none;
      this.#due.delete(waiting);
      for (const { output } of results) characters += output.length;
    }
    return due;
  }

  #taken({ waiting, version, results }: Handed): void {
    for (const told of results) this.#backlog.remove(told);
    waiting.toldState = results.at(-1)?.state ?? waiting.toldState;
    waiting.toldMs = this.#parts.clock.monotonic();
    // It may be another one by now.
    if (waiting.version === version) waiting.isDefined = true;
  }

  #putBack(handed: Handed[]): void {
    for (const { waiting, results } of handed) {
      if (this.#known.get(waiting.owner) !== waiting) {
        for (const told of results) this.#backlog.remove(told);
        continue;
      }
      const kept = results.filter((told) => this.#parts.tellsAll !== true || this.#backlog.has(told));
      this.#dropped += results.length - kept.length;
      waiting.results = [...kept, ...waiting.results];
      this.#due.add(waiting);
    }
    this.#makeRoom(handed.map(({ waiting }) => waiting));
  }

  /** The oldest go, of these checks and of all. */
  #makeRoom(of: readonly Waiting[]): void {
    for (const waiting of of) while (waiting.results.length > mostResults) this.#drop(waiting);
    for (let oldest = this.#backlog.tooMany; oldest !== undefined; oldest = this.#backlog.tooMany) {
      const [told, waiting] = oldest;
      // Otherwise the agent is just being asked to take it, and it goes if that fails.
      if (waiting.results[0] === told) this.#drop(waiting);
      else this.#backlog.remove(told);
      if (!this.#isFullTold)
        this.#parts.trouble('16 MiB of results wait for the agent: the oldest are dropped');
      this.#isFullTold = true;
    }
  }

  #drop(waiting: Waiting): void {
    const told = waiting.results.shift();
    if (told !== undefined) this.#backlog.remove(told);
    this.#dropped += 1;
    if (waiting.isDefined && waiting.results.length === 0) this.#due.delete(waiting);
  }

  async #ask(report: Omit<PassiveReport, 'plugin'>): Promise<boolean> {
    const body = { plugin: this.#parts.plugin, ...report } as unknown as JsonObject;
    const asked = { route: '/api/v1/passive', method: 'POST', params: {}, query: {}, body };
    const reason = await this.#parts.ask(asked, { timeoutMs: askMs }).then(
      ({ status }) => (status === 200 ? '' : `it answered ${status}`),
      (error: Error) => error.message,
    );
    if (reason !== '' && !this.#isInTrouble)
      this.#parts.trouble(`the agent does not take reports: ${reason}`);
    this.#isInTrouble = reason !== '';
    return reason === '';
  }
}

function againAfterMs({ interval }: PassiveCheck): number {
  return Math.min(longestAgainMs, Math.max(againMs, (interval ?? 0) * 500));
}
