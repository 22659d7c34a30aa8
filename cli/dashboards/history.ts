import type { Json } from 'opsbro/sdk';
import type { ControlClient } from '../../control/client.ts';
import type { AgentView, EvaluationView } from '../../control/shapes.ts';
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
/** The latest values may still be on their way into the store. */
const unflushed = 3;
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

/** A collector's values in an expression: `path` as it is written there. */
interface Source {
  written: string;
  path: string;
}

/** The collectors' values of an expression, each once; null where it reads something else of them than a path. */
export function sourcesOf(expression: string): Source[] {
  const found = new Map<string, Source>();
  for (const [written, double, single] of expression.matchAll(placeholder)) {
    const path = (double ?? single ?? '').split('|')[0]!.trim();
    if (path.startsWith('collector.')) found.set(written, { written, path });
  }
  return [...found.values()];
}

/** The name under which the store keeps a value, as the listener `graphite` gives it. */
export function seriesName(node: string, path: string): string {
  const steps = [node, ...path.split('.').slice(1)];
  return steps.map((step) => step.replace(/[^A-Za-z0-9_:@+$#&-]/g, '_')).join('.');
}

/**
 * What an expression came to at times in the past, one value each `stepMs` up to before now: its collectors' values are taken from the metric
 * store, and the agent evaluates it over them. Null where the store has none, or does not run, or the expression takes more than numbers.
 */
export async function storedHistory(
  client: ControlClient,
  evaluate: Evaluate,
  expression: string,
  stepMs: number,
  now: number,
): Promise<Values | null> {
  const sources = sourcesOf(expression);
  if (sources.length === 0) return null;
  try {
    const { name } = await client.request<AgentView>('GET', '/api/v1/agent');
    const query = new URLSearchParams({ format: 'json', until: 'now' });
    query.set('from', `-${Math.ceil((keptValues * stepMs) / 1000)}s`);
    for (const { path } of sources) query.append('target', seriesName(name, path));
    const series = await askStore<Rendered[]>(client, `/render?${query}`);
    const columns = sources.map(({ path }) => series.find(({ target }) => target === seriesName(name, path)));
    if (columns.some((column) => column === undefined)) return null;
    return await valuesOver(evaluate, expression, sources, rowsOf(columns as Rendered[], stepMs, now));
  } catch {
    // A chart without its past is a chart.
    return null;
  }
}

/** For each time the value of every series at it; null where one is not known. */
export function rowsOf(series: Rendered[], stepMs: number, now: number): (number[] | null)[] {
  return Array.from({ length: keptValues - 1 }, (_, index) => {
    const at = (now - (keptValues - 1 - index) * stepMs) / 1000;
    const row = series.map((one) => valueAt(one, at));
    return row.some((value) => value === null) ? null : (row as number[]);
  });
}

function valueAt({ datapoints }: Rendered, at: number): number | null {
  const first = datapoints[0]?.[1];
  const second = datapoints[1]?.[1];
  if (first === undefined || second === undefined) return null;
  return datapoints[Math.floor((at - first) / (second - first))]?.[0] ?? null;
}

/** Evaluates an expression over rows of numbers, many rows at once; the same row is evaluated once. */
async function valuesOver(
  evaluate: Evaluate,
  expression: string,
  sources: Source[],
  rows: (number[] | null)[],
): Promise<Values | null> {
  const texts = rows.map((row) => (row === null ? null : `(${row.map(literal).join(',')},)`));
  const distinct = [...new Set(texts.filter((text) => text !== null))];
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
  const values = texts.map((text) => (text === null ? null : (known.get(text) ?? null)));
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

function literal(value: number): string {
  return String(Number(value.toPrecision(9)));
}

function numberOf(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
