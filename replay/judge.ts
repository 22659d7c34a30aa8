import type { JsonObject } from 'opsbro/sdk';
import type { Observation } from '../alerting/model.ts';
import { readOutcome } from '../alerting/state/read-outcome.ts';
import type { TimerClock } from '../core/clock.ts';
import { ExpressionEngine } from '../language/engine/engine.ts';
import { resolve } from '../language/engine/reference.ts';
import { defaultExpressionLimits, type Facts, type Program } from '../language/program.ts';

/** What a rule is judged over at one moment. */
export interface Moment {
  /** Epoch ms. */
  at: number;
  /** By collector, lower case; none where it gave nothing. */
  trees: ReadonlyMap<string, JsonObject | undefined>;
}

/** What does not change while a replay lasts. */
export type SteadyFacts = Pick<Facts, 'groups' | 'staticGroups' | 'node'>;

/** Evaluations that the expression thread is asked for at a time. */
const perBatch = 256;
/** Different values whose outcome is remembered. */
const maxRemembered = 50_000;
const timely = { opsbro: /"(now|random|randomint_between|shuffle)"/, javascript: /\b(Date|random)\b/ };

/** Judges a rule at many moments with the engine that the agent uses. Stop it when done. */
export class Judge {
  readonly #engine: ExpressionEngine;
  readonly #facts: SteadyFacts;

  constructor(clock: TimerClock, facts: SteadyFacts) {
    this.#facts = facts;
    this.#engine = new ExpressionEngine({
      limits: defaultExpressionLimits,
      clock,
      callFunction: async (name) => {
        const message = `nothing is stored of what ${name}() gave`;
        return { ok: false, error: { code: 'OPSBRO_EXPRESSION_FUNCTION', message } };
      },
    });
  }

  stop(): void {
    this.#engine.stop();
  }

  /** What the rule finds at each moment, in order. Equal values are judged once, unless the rule asks for the time or for chance. */
  async judge(program: Program, moments: Iterable<Moment>): Promise<Observation[]> {
    return isTimely(program) ? this.#each(program, moments) : this.#batched(program, moments);
  }

  async #each(program: Program, moments: Iterable<Moment>): Promise<Observation[]> {
    const found: Observation[] = [];
    this.#engine.put([program]);
    for (const { at, trees } of moments) {
      const facts = { ...this.#factsAt(at), sample: (name: string) => trees.get(name.toLowerCase()) };
      const [outcome] = await this.#engine.evaluate([program.id], facts);
      if (outcome !== undefined) found.push(readOutcome(outcome));
    }
    this.#engine.delete([program.id]);
    return found;
  }

  /** One batch evaluates copies of the program, each of which reads the values of a moment of its own. */
  async #batched(program: Program, moments: Iterable<Moment>): Promise<Observation[]> {
    const copies = Array.from({ length: perBatch }, (_, index) => copyOf(program, index));
    this.#engine.put(copies);
    const known = new Map<string, Observation>();
    const order: string[] = [];
    const found: Observation[] = [];
    let batch = new Map<string, Moment>();
    const flush = async (): Promise<void> => {
      const waiting = [...batch.values()];
      const keys = [...batch.keys()];
      const results = await this.#run(copies, waiting);
      keys.forEach((key, index) => {
        known.set(key, results[index] as Observation);
      });
      for (const key of order.splice(0)) found.push(known.get(key) as Observation);
      batch = new Map();
      if (known.size > maxRemembered) known.clear();
    };
    for (const moment of moments) {
      const key = keyOf(program, moment);
      order.push(key);
      if (!known.has(key)) batch.set(key, moment);
      if (batch.size >= perBatch) await flush();
    }
    await flush();
    this.#engine.delete(copies.map(({ id }) => id));
    return found;
  }

  async #run(copies: readonly Program[], moments: readonly Moment[]): Promise<Observation[]> {
    const ids = moments.map((_, index) => (copies[index] as Program).id);
    const sample = (name: string): JsonObject | undefined => {
      const mark = name.lastIndexOf('#');
      return moments[Number(name.slice(mark + 1))]?.trees.get(name.slice(0, mark).toLowerCase());
    };
    const outcomes = await this.#engine.evaluate(ids, { ...this.#factsAt(moments[0]?.at ?? 0), sample });
    return outcomes.map(readOutcome);
  }

  #factsAt(at: number): SteadyFacts & Pick<Facts, 'now' | 'seed'> {
    return { ...this.#facts, now: at, seed: at % 0x7fff_ffff };
  }
}

/** True for a rule that may find something else in the same values. */
export function isTimely({ language, source }: Pick<Program, 'language' | 'source'>): boolean {
  return timely[language].test(source);
}

function copyOf(program: Program, index: number): Program {
  const references = program.references.map((reference) => ({
    ...reference,
    collector: `${reference.collector}#${index}`,
  }));
  return { ...program, id: `${program.id}#${index}`, references };
}

/** Equal for equal values of everything that the rule reads. */
function keyOf({ references }: Program, { trees }: Moment): string {
  return JSON.stringify(
    references.map(({ collector, path }) => {
      const value = resolve(trees.get(collector.toLowerCase()), path);
      return value === undefined ? 0 : [value];
    }),
  );
}
