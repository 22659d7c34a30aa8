import {
  type AggregationMethod,
  aggregationMethods,
  type Layout,
  makeLayout,
  type Retention,
} from '../whisper/layout.ts';
import { parseRetentions } from '../whisper/retention.ts';
import { parseConf } from './conf.ts';

/** How long the names that a pattern finds are kept. */
export interface RetentionRule {
  pattern: RegExp;
  retentions: Retention[];
}

/** How the names that a pattern finds are rolled up; what is absent is left to the default. */
export interface AggregationRule {
  pattern: RegExp;
  method?: AggregationMethod;
  xFilesFactor?: number;
}

/** What names without a rule get: for a source that sends every ten seconds, and one that sends each minute. */
export const defaultRetentions = '10s:6h,1m:7d,10m:1y';

/** What the last step of a name says of its values, tags apart. */
const defaultAggregations: AggregationRule[] = [
  { pattern: /\.(count|sum[^.;]*)(;|$)/, method: 'sum' },
  { pattern: /\.(min|lower[^.;]*)(;|$)/, method: 'min' },
  { pattern: /\.(max|upper[^.;]*)(;|$)/, method: 'max' },
];

/** Rules of a configuration, the first that finds a name decides. Each is checked here: throws a text that names what is wrong. */
export function retentionRules(given: readonly { pattern: string; retentions: string }[]): RetentionRule[] {
  return given.map(({ pattern, retentions }) => {
    const parsed = parseRetentions(retentions);
    makeLayout(parsed, 'average', 0);
    return { pattern: new RegExp(pattern), retentions: parsed };
  });
}

/** The same for roll-ups. */
export function aggregationRules(
  given: readonly { pattern: string; method?: string; x_files_factor?: number }[],
): AggregationRule[] {
  return given.map(({ pattern, method, x_files_factor: xFilesFactor }) => ({
    pattern: new RegExp(pattern),
    ...(method !== undefined && { method: knownMethod(method) }),
    ...(xFilesFactor !== undefined && { xFilesFactor }),
  }));
}

function knownMethod(text: string): AggregationMethod {
  const method = aggregationMethods.find(
    (each) => each === text.toLowerCase() || (each === 'average' && text === 'avg'),
  );
  if (method === undefined)
    throw new Error(`'${text}' rolls nothing up; expected one of ${aggregationMethods.join(', ')}`);
  return method;
}

/** The rules of a `storage-schemas.conf`. */
export function retentionRulesOfConf(text: string): RetentionRule[] {
  return parseConf(text).flatMap(({ name, line, values }) => {
    const [pattern, retentions] = [values.get('pattern'), values.get('retentions')];
    if (pattern === undefined || retentions === undefined)
      throw new Error(`line ${line}: [${name}] lacks pattern or retentions`);
    return inSection(name, line, () => retentionRules([{ pattern, retentions }]));
  });
}

/** The rules of a `storage-aggregation.conf`. */
export function aggregationRulesOfConf(text: string): AggregationRule[] {
  return parseConf(text).flatMap(({ name, line, values }) => {
    const pattern = values.get('pattern');
    if (pattern === undefined) throw new Error(`line ${line}: [${name}] lacks pattern`);
    const [method, factor] = [values.get('aggregationmethod'), values.get('xfilesfactor')];
    const x_files_factor = factor === undefined ? undefined : Number(factor);
    if (x_files_factor !== undefined && !(x_files_factor >= 0 && x_files_factor <= 1))
      throw new Error(`line ${line}: [${name}] has the xFilesFactor ${factor}, expected 0 to 1`);
    return inSection(name, line, () =>
      aggregationRules([
        {
          pattern,
          ...(method !== undefined && { method }),
          ...(x_files_factor !== undefined && { x_files_factor }),
        },
      ]),
    );
  });
}

function inSection<Rules>(name: string, line: number, read: () => Rules): Rules {
  try {
    return read();
  } catch (error) {
    throw new Error(`line ${line}: [${name}]: ${(error as Error).message}`);
  }
}

/** Tells the layout of a new file by its name. Names with the same rules share one layout. */
export class Schemas {
  readonly #retentions: readonly RetentionRule[];
  readonly #aggregations: readonly AggregationRule[];
  readonly #layouts = new Map<string, Layout>();

  /** The rules are tried in order, before the defaults. */
  constructor(retentions: readonly RetentionRule[], aggregations: readonly AggregationRule[]) {
    this.#retentions = [...retentions, ...retentionRules([{ pattern: '', retentions: defaultRetentions }])];
    this.#aggregations = [...aggregations, ...defaultAggregations];
  }

  layoutFor(name: string): Layout {
    const retention = this.#retentions.findIndex(({ pattern }) => pattern.test(name));
    const rule = this.#aggregations.find(({ pattern }) => pattern.test(name));
    const [method, xFilesFactor] = [rule?.method ?? 'average', rule?.xFilesFactor ?? 0];
    const key = `${retention} ${method} ${xFilesFactor}`;
    const known = this.#layouts.get(key);
    if (known !== undefined) return known;
    const layout = makeLayout(this.#retentions[retention]!.retentions, method, xFilesFactor);
    this.#layouts.set(key, layout);
    return layout;
  }

  /** How many seconds the finest archive of a new file reaches back at least. */
  shortestReach(): number {
    const finest = this.#retentions.map(
      ({ retentions }) => makeLayout(retentions, 'average', 0).archives[0]!.reach,
    );
    return Math.min(...finest);
  }

  /** Bytes of a file that every rule but the names decides on: the largest of all rules. */
  largestFileBytes(): number {
    return Math.max(
      ...this.#retentions.map(({ retentions }) => makeLayout(retentions, 'average', 0).sizeBytes),
    );
  }
}
