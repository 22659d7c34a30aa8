import { type CallTarget, type Literal, type Target, TargetError } from '../grammar/target.ts';
import { type AggregateName, aggregateNamed } from '../series/aggregates.ts';
import { pythonFloat } from '../series/python-text.ts';
import { mapped, type Series } from '../series/series.ts';
import { parseAtTime } from '../time/at-time.ts';
import type { RenderContext } from './context.ts';
import type { FunctionSpec, Param } from './function-spec.ts';
import type { NodeKey } from './node-key.ts';

/** What an argument came to. */
export type Value = { kind: 'series'; list: Series[] } | Literal;

/** What computes targets, for functions that compute further ones. */
export interface Evaluator {
  /** The series of a target, or of its text, in another time or the call's own. */
  series(target: Target | string, context: RenderContext): Series[];
  value(target: Target, context: RenderContext): Value;
  /** Runs a function on series. */
  run(name: string, args: Value[], context: RenderContext): Series[];
}

/** One call of a function: its arguments by their names, checked and converted when they are asked for. */
export class Call {
  readonly context: RenderContext;
  readonly evaluator: Evaluator;
  readonly #spec: FunctionSpec;
  /** Name under which it was called. */
  readonly name: string;
  readonly args: readonly Target[];
  readonly #values: ReadonlyMap<string, Value[]>;

  constructor(
    context: RenderContext,
    evaluator: Evaluator,
    spec: FunctionSpec,
    target: Pick<CallTarget, 'name' | 'args'>,
    values: ReadonlyMap<string, Value[]>,
  ) {
    this.context = context;
    this.evaluator = evaluator;
    this.#spec = spec;
    this.name = target.name;
    this.args = target.args;
    this.#values = values;
  }

  /** Whether an argument was given, and is not None. */
  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  /** Series of one argument. */
  series(name = 'seriesList'): Series[] {
    const value = this.#value(name);
    if (value === undefined) return [];
    if (value.kind !== 'series') throw this.#wrong(name, 'series');
    return value.list;
  }

  /** Series of an argument that may be given several times. */
  lists(name = 'seriesLists'): Series[][] {
    return this.values(name).map((value) => {
      if (value.kind !== 'series') throw this.#wrong(name, 'series');
      return value.list;
    });
  }

  values(name: string): Value[] {
    return this.#values.get(name) ?? [];
  }

  /** A number, also one written as text. */
  number(name: string): number {
    const value = this.#value(name);
    const number =
      value === undefined ? this.#default(name) : value.kind === 'series' ? undefined : asNumber(value);
    if (typeof number !== 'number' || Number.isNaN(number)) throw this.#wrong(name, 'a number');
    return number;
  }

  integer(name: string): number {
    return Math.trunc(this.number(name));
  }

  text(name: string): string {
    const value = this.#value(name);
    if (value === undefined) return String(this.#default(name) ?? '');
    if (value.kind === 'series' || value.kind === 'none') throw this.#wrong(name, 'a text in quotes');
    return literalText(value);
  }

  flag(name: string): boolean {
    const value = this.#value(name);
    if (value === undefined) return this.#default(name) === true;
    if (value.kind === 'boolean') return value.value;
    if (value.kind === 'number') return value.value !== 0;
    if (value.kind === 'string' && /^(true|false|0|1)$/i.test(value.value))
      return /^(true|1)$/i.test(value.value);
    throw this.#wrong(name, 'true or false');
  }

  aggregate(name = 'func'): AggregateName {
    return aggregateNamed(this.text(name));
  }

  /** Seconds since 1970 of an argument that tells a time. */
  time(name: string, otherwise: number): number {
    const value = this.#value(name);
    if (value === undefined) return otherwise;
    return parseAtTime(this.text(name), this.context);
  }

  /** Steps of names, counted from 0, and names of tags. */
  nodes(name = 'nodes'): NodeKey[] {
    return this.values(name).map((value) => {
      if (value.kind === 'number') return Math.trunc(value.value);
      if (value.kind !== 'string') throw this.#wrong(name, 'numbers of steps or names of tags');
      return /^-?\d+$/.test(value.value) ? Number(value.value) : value.value;
    });
  }

  /** The share of values that must be there: this argument's, the series' own, or the request's. */
  xFilesFactor(series?: Series, name = 'xFilesFactor'): number {
    if (this.has(name)) return this.number(name);
    return series?.xFilesFactor ?? this.context.xFilesFactor;
  }

  /** An argument as Graphite prints it in names. */
  shown(name: string): string {
    const value = this.#value(name);
    if (value !== undefined && value.kind !== 'series') return literalText(value);
    const given = this.#default(name);
    return typeof given === 'boolean' ? pythonBoolean(given) : String(given);
  }

  /** New values, one from each, counted against the request's budget. */
  mapped(values: Float64Array, change: (value: number) => number): Float64Array {
    this.context.budget.take(values.length);
    return mapped(values, change);
  }

  /** Computes the argument at `index` anew in another time. */
  again(index: number, change: Partial<RenderContext>): Series[] {
    const target = this.args[index];
    if (target === undefined) return this.series();
    return this.evaluator.series(target, { ...this.context, ...change });
  }

  error(message: string): TargetError {
    return new TargetError(`${this.name}: ${message}`);
  }

  #value(name: string): Value | undefined {
    const value = this.#values.get(name)?.[0];
    return value?.kind === 'none' ? undefined : value;
  }

  #default(name: string): Param['default'] {
    return this.#spec.params.find((param) => param.name === name)?.default;
  }

  #wrong(name: string, wanted: string): TargetError {
    return this.error(`'${name}' must be ${wanted}`);
  }
}

/** A literal as Python prints it. */
export function literalText(value: Literal): string {
  switch (value.kind) {
    case 'none':
      return 'None';
    case 'string':
      return value.value;
    case 'boolean':
      return pythonBoolean(value.value);
    case 'number':
      return value.isInteger ? String(value.value) : pythonFloat(value.value);
  }
}

function pythonBoolean(value: boolean): string {
  return value ? 'True' : 'False';
}

function asNumber(value: Literal): number | undefined {
  if (value.kind === 'number') return value.value;
  if (value.kind !== 'string' || value.value.trim() === '') return undefined;
  return /^\+?inf(inity)?$/i.test(value.value.trim()) ? Number.POSITIVE_INFINITY : Number(value.value);
}
