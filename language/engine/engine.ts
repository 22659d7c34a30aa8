import type { Json } from 'opsbro/sdk';
import type { TimerClock } from '../../core/clock.ts';
import type { PlainError } from '../../core/errors.ts';
import type { ExpressionLimits, Facts, FunctionCaller, Outcome, Program } from '../program.ts';
import { type Entry, Lane, type LaneFigures, type SpawnThread } from './lane.ts';
import { decode, type Need } from './outcome.ts';
import { refusal, type Slot } from './reference.ts';

const MAX_ROUNDS = 8;
/** From this round on an evaluation gets every call that is written with constants, reached or not. */
const EAGER_ROUND = 4;
const MAX_CALLS_AT_ONCE = 32;

/** What an engine is made of. `spawn` is for tests that bring their own thread. */
export interface EngineOptions {
  limits: ExpressionLimits;
  callFunction: FunctionCaller;
  clock: TimerClock;
  spawn?: SpawnThread;
}

/**
 * Evaluates compiled expressions in a thread of their own and gives their outcomes: the main thread's side of architecture §5.
 * OpsBro's language runs in the expression thread; `language: javascript` in a sandbox thread, started when first needed.
 */
export class ExpressionEngine {
  readonly #callFunction: FunctionCaller;
  readonly #figures: LaneFigures = { kills: 0, restarts: 0, evaluations: 0 };
  readonly #lanes: { [language in Program['language']]: Lane };
  readonly #entries = new Map<string, Entry>();
  readonly #slots = new Map<string, Slot>();
  readonly #sources = new Map<string, Entry['source']>();
  readonly #free = { entry: [] as number[], slot: [] as number[], source: [] as number[] };
  readonly #next = { entry: 0, slot: 0, source: 0 };

  constructor({ limits, callFunction, clock, spawn }: EngineOptions) {
    this.#callFunction = callFunction;
    this.#lanes = {
      opsbro: new Lane(limits, clock, this.#figures, spawn),
      javascript: new Lane(limits, clock, this.#figures, spawn),
    };
  }

  /** Starts the expression thread now, so that the first evaluation need not wait for it. */
  warm(): void {
    this.#lanes.opsbro.warm();
  }

  /** Keeps programs under their ids, replacing those it has. They reach the thread when they are first evaluated. */
  put(programs: Program[]): void {
    for (const program of programs) {
      this.delete([program.id]);
      this.#entries.set(program.id, this.#enter(program));
    }
  }

  /** Forgets programs; unknown ids are ignored. */
  delete(ids: string[]): void {
    for (const id of ids) {
      const entry = this.#entries.get(id);
      this.#entries.delete(id);
      if (entry !== undefined) this.#release(entry);
    }
  }

  /**
   * Evaluates programs over the facts of one tick and gives their outcomes in the order of the ids. Never rejects. Functions of
   * the host that the expressions ask for are called in between, each call once, at most eight rounds.
   */
  async evaluate(ids: string[], facts: Facts): Promise<Outcome[]> {
    const outcomes = new Array<Outcome>(ids.length);
    let places: number[] = [];
    for (let place = 0; place < ids.length; place += 1) {
      if (this.#entries.has(ids[place] as string)) places.push(place);
      else outcomes[place] = unknownProgram(ids[place] as string);
    }
    const entries = ids.map((id) => this.#entries.get(id) as Entry);
    // Kept, numbers and all, though they are replaced or deleted meanwhile.
    for (const place of places) (entries[place] as Entry).users += 1;
    const held = places;
    const results = new Map<string, Json>();
    for (let round = 1; places.length > 0; round += 1) {
      const decoded = await this.#round(
        places.map((place) => entries[place] as Entry),
        facts,
        results,
      );
      const waiting: number[] = [];
      const needs = new Map<string, Need>();
      for (let at = 0; at < places.length; at += 1) {
        const place = places[at] as number;
        const result = decoded[at] as Outcome | Need;
        if (!('args' in result)) outcomes[place] = result;
        else if (round >= MAX_ROUNDS)
          outcomes[place] = tooManyRounds((entries[place] as Entry).program, result.name);
        else {
          needs.set(result.key, result);
          waiting.push(place);
          if (round >= EAGER_ROUND) addAhead(entries[place] as Entry, needs, results);
        }
      }
      await this.#resolve([...needs.values()], results);
      places = waiting;
    }
    for (const place of held) this.#release(entries[place] as Entry);
    return outcomes;
  }

  /** Evaluates a program of `compileValue` that was not put, with the value of every node it reached. Never rejects. */
  async explain(program: Program, facts: Facts): Promise<{ outcome: Outcome; tree: Json }> {
    const id = `explain\0${this.#next.entry}\0${program.id}`;
    const shown = { ...program, id };
    this.put([shown]);
    const [outcome] = await this.evaluate([id], facts);
    this.delete([id]);
    const { trace, ...rest } = outcome as Outcome & { trace?: (string | null)[] };
    return { outcome: rest as Outcome, tree: fill(program.tree ?? null, trace ?? []) };
  }

  /** Tells the threads to end; evaluations that run end as killed. May be called twice. */
  stop(): void {
    this.#lanes.opsbro.stop();
    this.#lanes.javascript.stop();
  }

  /** Threads terminated by the watchdog, threads started again, evaluations done, since the start; and threads that run. */
  figures(): LaneFigures & { threads: number } {
    const running = [this.#lanes.opsbro, this.#lanes.javascript].filter((lane) => lane.isRunning);
    return { ...this.#figures, threads: running.length };
  }

  async #round(entries: Entry[], facts: Facts, results: Map<string, Json>): Promise<(Outcome | Need)[]> {
    const decoded = new Array<Outcome | Need>(entries.length);
    const run = async (language: Program['language']): Promise<void> => {
      const places: number[] = [];
      for (let place = 0; place < entries.length; place += 1)
        if (entries[place]?.program.language === language) places.push(place);
      if (places.length === 0) return;
      const chosen =
        places.length === entries.length ? entries : places.map((place) => entries[place] as Entry);
      const outputs = await this.#lanes[language].run(chosen, { facts, results });
      for (let at = 0; at < places.length; at += 1)
        decoded[places[at] as number] = decode(outputs[at] as string, (chosen[at] as Entry).program);
    };
    await Promise.all([run('opsbro'), run('javascript')]);
    return decoded;
  }

  /** Calls host functions, a bounded number at once; failures are results too. */
  async #resolve(needs: Need[], results: Map<string, Json>): Promise<void> {
    const queue = [...needs];
    const work = async (): Promise<void> => {
      for (let need = queue.pop(); need !== undefined; need = queue.pop()) {
        const { key, name, args } = need;
        try {
          const result = await this.#callFunction(name, args);
          results.set(key, result.ok ? accepted(result.value) : { ok: false, ...pick(result.error) });
        } catch (thrown) {
          results.set(key, { ok: false, code: 'OPSBRO_EXPRESSION_FUNCTION', message: String(thrown) });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(MAX_CALLS_AT_ONCE, queue.length) }, work));
  }

  #enter(program: Program): Entry {
    const source = this.#sources.get(program.source) ?? {
      id: this.#number('source'),
      text: program.source,
      users: 0,
      thread: 0,
    };
    this.#sources.set(program.source, source);
    source.users += 1;
    // One text for all that share it: each came from another thread with a copy of its own.
    program.source = source.text;
    const slots = program.references.map((reference) => {
      const key = `${program.language}\0${reference.collector}\0${reference.path.join('\0')}`;
      const slot: Slot = this.#slots.get(key) ?? {
        index: this.#number('slot'),
        key,
        reference,
        users: 0,
        batch: 0,
        tree: undefined,
        value: undefined,
        thread: 0,
      };
      this.#slots.set(key, slot);
      slot.users += 1;
      return slot;
    });
    return { program, index: this.#number('entry'), source, slots, users: 1, thread: 0, isSuspect: false };
  }

  /** Frees what a program holds once neither its id nor an evaluation leads to it. */
  #release(entry: Entry): void {
    entry.users -= 1;
    if (entry.users > 0) return;
    this.#lanes[entry.program.language].forget(entry);
    this.#free.entry.push(entry.index);
    entry.source.users -= 1;
    if (entry.source.users === 0) {
      this.#sources.delete(entry.source.text);
      this.#free.source.push(entry.source.id);
    }
    for (const slot of entry.slots) {
      slot.users -= 1;
      if (slot.users > 0) continue;
      this.#slots.delete(slot.key);
      this.#free.slot.push(slot.index);
    }
  }

  /** A number that nothing uses. */
  #number(kind: 'entry' | 'slot' | 'source'): number {
    return this.#free[kind].pop() ?? this.#next[kind]++;
  }
}

function addAhead({ program }: Entry, needs: Map<string, Need>, results: Map<string, Json>): void {
  for (const { name, args } of program.calls ?? []) {
    const key = JSON.stringify([name, args]);
    if (!results.has(key)) needs.set(key, { key, name, args });
  }
}

/** What a host function gave; too large a value would break the sandbox for all that share it. */
function accepted(value: Json): Json {
  const reason = refusal(value);
  return reason === undefined
    ? { ok: true, value }
    : { ok: false, code: 'OPSBRO_EXPRESSION_LIMIT', message: `its result cannot be used: ${reason}` };
}

const pick = ({ code, message }: PlainError): { code: string; message: string } => ({ code, message });

const unknownProgram = (id: string): Outcome => ({
  kind: 'error',
  error: { code: 'OPSBRO_EXPRESSION_UNKNOWN_NAME', message: `no expression is loaded under '${id}'` },
});

function tooManyRounds(program: Program, name: string): Outcome {
  return decode(
    `e${JSON.stringify({ code: 'ROUNDS', message: `still asks for ${name}() after ${MAX_ROUNDS} rounds of host functions` })}`,
    program,
  ) as Outcome;
}

interface Branch {
  node: string;
  source: string;
  id: number;
  children: Branch[];
}

/** The tree with values in place of numbers; a node that was not reached has none. */
function fill(tree: Json, trace: (string | null)[]): Json {
  if (tree === null) return null;
  const visit = ({ node, source, id, children }: Branch): Json => ({
    node,
    source,
    value: trace[id] ?? null,
    children: children.map(visit),
  });
  return visit(tree as unknown as Branch);
}
