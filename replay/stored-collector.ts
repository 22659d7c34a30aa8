import type { Json, JsonObject } from 'opsbro/sdk';
import type { Reference } from '../language/program.ts';
import {
  possibleSteps,
  type StoredHistory,
  type StoredPoints,
  type ValueChange,
} from '../plugins/listeners/graphite/history.ts';
import type { SourceView } from './model.ts';

/** The time that is read, in seconds; `now` is what archives count back from. */
export interface ReadSpan {
  from: number;
  until: number;
  now: number;
}

/** A series of a collector's numbers. */
interface Column {
  path: string[];
  name: string;
  pieces: StoredPoints[];
}

/** Other series of the collector that tell when it ran, where those that are read do not. */
const witnesses = 4;
/** A key may hold dots, so steps of a path may be one key; of more steps than this each is a key. */
const maxJoined = 6;

/**
 * What is stored of one collector, as far as some expressions read it: trees at the moments of which something is known. Reading is done by
 * `open`; nothing of it changes.
 */
export class StoredCollector {
  /** Moments at which it gave something, seconds, ascending. */
  readonly times: number[];
  /** How far the values of each moment speak for it, seconds: the step of their archive. */
  readonly steps: number[];
  /** Where each reference was found. */
  readonly sources: SourceView[];
  /** The points that were read, by series. */
  readonly pieces: { name: string; pieces: StoredPoints[] }[];
  /** No series says when it ran: what it gave last counts as fresh. */
  readonly isUndated: boolean;
  readonly #columns: { path: string[]; values: Float64Array }[];
  readonly #changes: ValueChange[];

  private constructor(columns: Column[], seen: Column[], changes: ValueChange[], sources: SourceView[]) {
    const dated = new Map<number, number>();
    for (const { pieces } of [...columns, ...seen])
      for (const piece of pieces)
        eachPoint(piece, (time) => dated.set(time, Math.min(piece.step, dated.get(time) ?? piece.step)));
    this.isUndated = dated.size === 0;
    if (this.isUndated) for (const { at } of changes) dated.set(at, 1);
    this.times = [...dated.keys()].sort((one, other) => one - other);
    this.steps = this.times.map((time) => dated.get(time) as number);
    this.#columns = columns.map(({ path, pieces }) => ({ path, values: this.#held(pieces) }));
    this.#changes = changes;
    this.sources = sources;
    this.pieces = columns.map(({ name, pieces }) => ({ name, pieces }));
  }

  /** A series at all moments: each point holds for its step, since another series may have finer ones. */
  #held(pieces: readonly StoredPoints[]): Float64Array {
    const { times } = this;
    const values = new Float64Array(times.length).fill(Number.NaN);
    let place = 0;
    for (const piece of pieces)
      eachPoint(piece, (time, value) => {
        while (place < times.length && (times[place] as number) < time) place += 1;
        for (let at = place; at < times.length && (times[at] as number) < time + piece.step; at += 1)
          values[at] = value;
      });
    return values;
  }

  /** Reads what `references` name of the collector whose series are below `<node>.<step>`. Blocks. */
  static open(
    history: StoredHistory,
    place: { node: string; step: string },
    references: readonly Reference[],
    span: ReadSpan,
  ): StoredCollector {
    const prefix = `${place.node}.${place.step}`;
    const kept = history.values(place.step);
    const columns = new Map<string, Column>();
    const changes = new Set<ValueChange>();
    const read = (name: string, path: string[]): boolean => {
      const known = columns.get(name);
      const pieces = known?.pieces ?? history.points(name, span.from, span.until, span.now);
      if (pieces === undefined) return false;
      columns.set(name, known ?? { name, path, pieces });
      return true;
    };
    const sources = references.map((reference): SourceView => {
      const values = kept.changes.filter(({ path }) => isOnWay(path, reference.path));
      for (const change of values) changes.add(change);
      const leaf = candidates(reference.path).find(({ metric, path }) => read(`${prefix}.${metric}`, path));
      const source = { key: reference.text, kind: 'series' as const };
      if (leaf !== undefined) return { ...source, series: [`${prefix}.${leaf.metric}`] };
      for (const { metric, path } of [{ metric: '', path: [] as string[] }, ...candidates(reference.path)]) {
        if ((metric === '') !== (reference.path.length === 0)) continue;
        const branch = metric === '' ? prefix : `${prefix}.${metric}`;
        const names = history.below(branch);
        for (const name of names)
          read(name, kept.paths.get(name.slice(prefix.length + 1)) ?? below(path, branch, name));
        if (names.length > 0) return { key: reference.text, kind: 'tree', series: [branch] };
      }
      return { key: reference.text, kind: values.length > 0 ? 'values' : 'none', series: [] };
    });
    const others = history.below(prefix, witnesses).flatMap((name): Column[] => {
      const pieces = columns.has(name) ? undefined : history.points(name, span.from, span.until, span.now);
      return pieces === undefined ? [] : [{ name, path: [], pieces }];
    });
    const inSpan = [...changes].filter(({ at }) => at <= span.until).sort((one, other) => one.at - other.at);
    return new StoredCollector([...columns.values()], others, inSpan, sources);
  }

  /** The trees at all moments, in order; those of one moment must be used before the next is asked for. */
  *trees(): Generator<JsonObject> {
    const kept = emptyTree();
    let next = 0;
    for (let index = 0; index < this.times.length; index += 1) {
      const end = (this.times[index] as number) + (this.steps[index] as number);
      for (; next < this.#changes.length; next += 1) {
        const { at, path, value } = this.#changes[next] as ValueChange;
        if (at >= end) break;
        put(kept, path, value);
      }
      const tree = copy(kept);
      for (const { path, values } of this.#columns) {
        const value = values[index] as number;
        if (!Number.isNaN(value)) put(tree, path, value);
      }
      yield tree;
    }
  }
}

/** Calls `tell` for each point that is known. */
export function eachPoint(
  { start, step, values }: StoredPoints,
  tell: (time: number, value: number) => void,
): void {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    if (!Number.isNaN(value)) tell(start + index * step, value);
  }
}

/** True when one of the paths leads through the other. Keys may hold dots. */
function isOnWay(path: readonly string[], other: readonly string[]): boolean {
  const [one, two] = [`${path.join('.')}.`, other.length === 0 ? '' : `${other.join('.')}.`];
  return one.startsWith(two) || two.startsWith(one);
}

/** The metrics that a path may have become, and its keys: some of its steps may be one key with dots. */
function candidates(path: readonly string[]): { metric: string; path: string[] }[] {
  if (path.length === 0) return [];
  const found: { metric: string; path: string[] }[] = [];
  const longest = path.length > maxJoined ? 1 : path.length;
  for (let count = 1; count <= longest; count += 1) {
    const key = path.slice(0, count).join('.');
    const rest = path.slice(count);
    const ends = rest.length === 0 ? [{ metric: '', path: [] as string[] }] : candidates(rest);
    for (const step of possibleSteps(key))
      for (const end of ends)
        found.push({ metric: end.metric === '' ? step : `${step}.${end.metric}`, path: [key, ...end.path] });
  }
  return found;
}

function below(path: readonly string[], branch: string, name: string): string[] {
  return [...path, ...name.slice(branch.length + 1).split('.')];
}

/** Without a prototype: a key may be called anything. */
function emptyTree(): JsonObject {
  return Object.create(null) as JsonObject;
}

function copy(tree: JsonObject): JsonObject {
  const made = emptyTree();
  for (const [key, value] of Object.entries(tree))
    made[key] = typeof value === 'object' && value !== null && !Array.isArray(value) ? copy(value) : value;
  return made;
}

/** Puts a value into a tree, or takes it out. */
function put(tree: JsonObject, path: readonly string[], value: Json | undefined): void {
  let branch = tree;
  for (const key of path.slice(0, -1)) {
    const next = branch[key];
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) branch = next;
    else {
      const made = emptyTree();
      branch[key] = made;
      branch = made;
    }
  }
  const last = path.at(-1) ?? '';
  if (value === undefined) delete branch[last];
  else branch[last] = value;
}
