import type { Json, JsonObject } from 'opsbro/sdk';
import type { ControlClient } from '../../control/client.ts';
import type { AgentView, CollectorView, EvaluationView } from '../../control/shapes.ts';
import { objectPath } from '../live-names.ts';
import { askStore } from '../metrics.ts';
import type { Rendered } from '../metrics-text.ts';
import type { Values } from '../series.ts';

/** Evaluates an expression as one of the dashboard. */
export type Evaluate = (expression: string) => Promise<EvaluationView>;

/** The values of a chart that are kept. */
export const keptValues = 500;
/** Of one evaluation, whose text has a limit too. */
const rowsInEvaluation = 120;
const maxRowText = 12_000;
/** Of one chart: beyond that many its past is not asked for. */
const maxSeries = 60;
/** The latest values may still be on their way into the store. */
const unflushed = 3;
/** Runs may be a little late. */
const lateness = 1.5;
const placeholder = /\{\{(.+?)\}\}|\{(collector\..+?)\}/g;

/** The latest values of charts, one at each look. */
export class ChartHistory<Key> {
  readonly #values = new Map<Key, (number | null)[]>();

  add(key: Key, value: number | null): Values {
    const values = this.#values.get(key) ?? [];
    values.push(value);
    if (values.length > keptValues) values.shift();
    this.#values.set(key, values);
    return values;
  }

  /** What was before the first look. */
  begin(key: Key, values: Values): void {
    this.#values.set(key, values.slice(-(keptValues - 1)));
  }
}

/** A collector's value in an expression: `path` is what stands between the braces as `written`. */
interface Source {
  written: string;
  path: string;
}

/** A number below a source, which is a series of the store; without steps where the source itself is the number. */
export interface Leaf {
  steps: string[];
  series: string;
}

/** A source with the numbers that are known of it in the past. */
export interface PastSource extends Source {
  leaves: Leaf[];
  /** How long a value counts, which is until the next run of the collector. */
  holdSeconds: number;
}

/** The collectors' values that an expression takes, each once. */
export function sourcesOf(expression: string): Source[] {
  const found = new Map<string, Source>();
  for (const [written, double, single] of expression.matchAll(placeholder)) {
    const path = (double ?? single ?? '').split('|')[0]!.trim();
    if (path.startsWith('collector.')) found.set(written, { written, path });
  }
  return [...found.values()];
}

/** The name under which the store keeps a value, as the listener `graphite` gives it. */
export function seriesName(node: string, steps: readonly string[]): string {
  return [node, ...steps].map((step) => step.replace(/[^A-Za-z0-9_:@+$#&-]/g, '_')).join('.');
}

/**
 * The numbers of a source, as far as the expression takes them: itself, or those of a mapping whose own key the expression names. None where it
 * is something else.
 */
export function leavesOf(node: string, { path }: Source, results: JsonObject, expression: string): Leaf[] {
  const steps = path.split('.').slice(1);
  const value = steps.slice(1).reduce<Json | undefined>((tree, step) => below(tree, step), results);
  const found: Leaf[] = [];
  const walk = (tree: Json | undefined, inside: string[]): void => {
    if (typeof tree === 'number')
      found.push({ steps: inside, series: seriesName(node, [...steps, ...inside]) });
    else if (isMapping(tree))
      for (const [key, child] of Object.entries(tree))
        if (isMapping(child) || expression.includes(`'${key}'`) || expression.includes(`"${key}"`))
          walk(child, [...inside, key]);
  };
  walk(value, []);
  return found;
}

function below(tree: Json | undefined, step: string): Json | undefined {
  return isMapping(tree) && Object.hasOwn(tree, step) ? tree[step] : undefined;
}

function isMapping(tree: Json | undefined): tree is JsonObject {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

/**
 * What an expression came to at times in the past, one value each `stepMs` up to before now: what it takes of collectors is taken from the metric
 * store, and the agent evaluates it over that. Null where the store has none, or does not run, or the expression takes more than numbers.
 */
export async function storedHistory(
  client: ControlClient,
  evaluate: Evaluate,
  expression: string,
  stepMs: number,
  now: number,
): Promise<Values | null> {
  try {
    const { name } = await client.request<AgentView>('GET', '/api/v1/agent');
    const sources: PastSource[] = [];
    for (const source of sourcesOf(expression)) {
      const collector = source.path.split('.')[1] as string;
      const view = await client.request<CollectorView>('GET', objectPath('collectors', collector));
      const leaves = leavesOf(name, source, view.results ?? {}, expression);
      sources.push({ ...source, leaves, holdSeconds: view.interval * lateness });
    }
    const names = sources.flatMap(({ leaves }) => leaves.map(({ series }) => series));
    const isKnown = sources.length > 0 && sources.every(({ leaves }) => leaves.length > 0);
    if (!isKnown || names.length > maxSeries) return null;
    const query = new URLSearchParams({ format: 'json', until: 'now' });
    query.set('from', `-${Math.ceil((keptValues * stepMs) / 1000)}s`);
    for (const series of names) query.append('target', series);
    const rendered = await askStore<Rendered[]>(client, `/render?${query}`);
    return await valuesOver(evaluate, expression, sources, rowsOf(sources, rendered, stepMs, now));
  } catch {
    // A chart without its past is a chart.
    return null;
  }
}

/** For each time the text of what every source was then; null where one is not known. */
export function rowsOf(
  sources: readonly PastSource[],
  rendered: readonly Rendered[],
  stepMs: number,
  now: number,
): (string | null)[] {
  const byName = new Map(rendered.map((one) => [one.target, one]));
  return Array.from({ length: keptValues - 1 }, (_, index) => {
    const at = (now - (keptValues - 1 - index) * stepMs) / 1000;
    const texts = sources.map(({ leaves, holdSeconds }) => {
      const known = leaves.flatMap(({ steps, series }) => {
        const value = valueAt(byName.get(series), at, holdSeconds);
        return value === null ? [] : [{ steps, text: String(Number(value.toPrecision(9))) }];
      });
      return known.length === 0 ? null : literalOf(known);
    });
    return texts.includes(null) ? null : `(${texts.join(',')},)`;
  });
}

/** A number, or mappings of numbers, as an expression writes them. */
function literalOf(known: { steps: string[]; text: string }[]): string {
  const [first] = known;
  if (first?.steps.length === 0) return first.text;
  const below = new Map<string, typeof known>();
  for (const { steps, text } of known) {
    const [key = '', ...rest] = steps;
    below.set(key, [...(below.get(key) ?? []), { steps: rest, text }]);
  }
  return `{${[...below].map(([key, inside]) => `${JSON.stringify(key)}:${literalOf(inside)}`).join(',')}}`;
}

/** The last value that is known at a time, if it is not older than `holdSeconds`. */
function valueAt(series: Rendered | undefined, at: number, holdSeconds: number): number | null {
  const datapoints = series?.datapoints ?? [];
  const [first, second] = [datapoints[0]?.[1], datapoints[1]?.[1]];
  if (first === undefined || second === undefined) return null;
  const step = second - first;
  const place = Math.floor((at - first) / step);
  for (let back = 0; back * step <= holdSeconds; back += 1) {
    const value = datapoints[place - back]?.[0];
    if (typeof value === 'number') return value;
  }
  return null;
}

/** Evaluates an expression over rows, many at once; the same row is evaluated once. */
async function valuesOver(
  evaluate: Evaluate,
  expression: string,
  sources: readonly Source[],
  rows: (string | null)[],
): Promise<Values | null> {
  const distinct = [...new Set(rows.filter((row) => row !== null))];
  const known = new Map<string, number | null>();
  const body = sources.reduce(
    (text, { written }, index) => text.replaceAll(written, `_r[${index}]`),
    expression,
  );
  for (let at = 0; at < distinct.length; ) {
    const part = fitting(distinct.slice(at, at + rowsInEvaluation));
    const { ok, value } = await evaluate(`[(${body}) for _r in [${part.join(',')}]]`);
    if (!ok || !Array.isArray(value)) return null;
    part.forEach((text, index) => {
      known.set(text, numberOf(value[index]));
    });
    at += part.length;
  }
  const values = rows.map((row) => (row === null ? null : (known.get(row) ?? null)));
  const begin = values.findIndex((value) => value !== null);
  const end = values.findLastIndex((value) => value !== null) + 1;
  if (begin < 0) return null;
  return values.slice(begin, values.length - end > unflushed ? undefined : end);
}

/** As many of the rows as one expression has room for; at least one. */
function fitting(rows: string[]): string[] {
  let length = 0;
  const end = rows.findIndex((row) => {
    length += row.length + 1;
    return length > maxRowText;
  });
  return end < 0 ? rows : rows.slice(0, Math.max(1, end));
}

function numberOf(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
