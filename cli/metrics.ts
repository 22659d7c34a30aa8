import type { Command } from 'commander';
import type { Json } from 'opsbro/sdk';
import type { ControlClient } from '../control/client.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import {
  chartText,
  type Drawn,
  figuresCsv,
  figuresOf,
  pointsCsv,
  type Rendered,
  summaryOfSeries,
  tableText,
} from './metrics-text.ts';

interface TimeOptions {
  from: string;
  until: string;
  csv: boolean;
}

const usualWidth = 80;
/** Above so many charts a table says more. */
const maxCharts = 8;
/** A request for so many series keeps the store's thread for some ten milliseconds, and is allowed a year of minutes of each. */
const seriesInRequest = 25;
/** Series above this are listed by name alone. */
const maxFigured = 2000;
/** A sparkline needs no more. */
const sparkPoints = 60;
const from = 'since when: -1h, -2d, 10:00_20260101, epoch seconds';

/** Adds `opsbro metrics`: the history of what was measured. */
export function registerMetrics(program: Command, cli: CliContext): void {
  const noun = program.command('metrics').description('the history of what was measured');
  noun
    .command('list [patterns...]')
    .description('series and how they went: all, or those that patterns such as web1.memory.* find')
    .option('--from <time>', from, '-1h')
    .option('--until <time>', 'until when', 'now')
    .option('--csv', 'a line for each series: name, lowest, highest, mean, last', false)
    .option('--names', 'names alone, at once', false)
    .action((patterns: string[], options: TimeOptions & { names: boolean }) => list(cli, patterns, options));
  noun
    .command('show <patterns...>')
    .description("values of series, or of any of Graphite's functions of them, as charts")
    .option('--from <time>', from, '-1h')
    .option('--until <time>', 'until when', 'now')
    .option('--csv', 'a line for each value: name, time, value', false)
    .action((patterns: string[], options: TimeOptions) => show(cli, patterns, options));
}

async function list(
  cli: CliContext,
  patterns: string[],
  options: TimeOptions & { names: boolean },
): Promise<void> {
  const names = await namesOf(cli, patterns, options);
  const isTooMany = names.length > maxFigured;
  if (options.names || isTooMany) {
    cli.show(
      names.map((name) => ({ name })),
      () => names.join('\n'),
    );
    if (!options.names)
      cli.note(`${names.length} series; a pattern that finds at most ${maxFigured} shows how they went`);
    return;
  }
  const series: Rendered[] = [];
  for (let at = 0; at < names.length; at += seriesInRequest) {
    series.push(...(await renderNames(cli, names.slice(at, at + seriesInRequest), options)));
  }
  cli.show(series.map(figuresOf), () =>
    options.csv
      ? figuresCsv(series)
      : series.length === 0
        ? 'No series yet'
        : tableText(cli, series, drawn(cli)),
  );
}

/** One answer for each name, though a name that was sent may be none of which the grammar of targets can speak. */
async function renderNames(cli: CliContext, names: string[], options: TimeOptions): Promise<Rendered[]> {
  try {
    return await renderFew(cli, names, options, sparkPoints);
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_INVALID') throw error;
  }
  // Without a target only the time can be what is wrong.
  await render(cli, [], options, undefined);
  const each: Rendered[] = [];
  for (const name of names) each.push(...(await renderName(cli, name, options)));
  return each;
}

async function renderName(cli: CliContext, name: string, options: TimeOptions): Promise<Rendered[]> {
  try {
    return await renderFew(cli, [name], options, sparkPoints);
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_INVALID') throw error;
    return [{ target: name, datapoints: [] }];
  }
}

/** The names that patterns find, each once; without any all of them, behind the others those with tags. */
async function namesOf(cli: CliContext, patterns: string[], options: TimeOptions): Promise<string[]> {
  if (patterns.length === 0) return allNames(cli);
  const names = new Set<string>();
  for (const pattern of patterns) {
    const found = await namesOfOne(cli, pattern, options);
    if (found.length === 0) throw await nothing(cli, pattern);
    for (const name of found) names.add(name);
  }
  return [...names];
}

async function namesOfOne(cli: CliContext, pattern: string, options: TimeOptions): Promise<string[]> {
  // A name with tags is one; a function such as `seriesByTag` tells its series.
  if (/[;(]/.test(pattern)) return (await render(cli, [pattern], options, 1)).map(({ target }) => target);
  const query = new URLSearchParams({ leavesOnly: '1', query: pattern });
  return (await ask<{ results: string[] }>(cli, `/metrics/expand?${query}`)).results;
}

async function allNames(cli: CliContext): Promise<string[]> {
  const plain = await ask<string[]>(cli, '/metrics/index.json');
  return [...plain, ...(await ask<string[]>(cli, '/tags/findSeries?expr=name%3D~.'))];
}

async function show(cli: CliContext, patterns: string[], options: TimeOptions): Promise<void> {
  const isWhole = options.csv || cli.options().json;
  const series: Rendered[] = [];
  for (const pattern of patterns) {
    const found = isWhole
      ? await render(cli, [pattern], options, undefined)
      : await renderDrawn(cli, pattern, options);
    if (found.length === 0) throw await nothing(cli, pattern);
    series.push(...found);
  }
  cli.show(series, () => {
    if (options.csv) return pointsCsv(series);
    if (series.length > maxCharts) return tableText(cli, series, drawn(cli));
    return series.map((one) => chartText(cli.paint, one, drawn(cli))).join('\n\n');
  });
}

function room(cli: CliContext): number {
  return Number.isFinite(cli.width) ? cli.width : usualWidth;
}

function drawn(cli: CliContext): Drawn {
  return { room: room(cli), isAscii: cli.process.env.TERM === 'dumb' };
}

/** Series with few points, for a chart. */
async function renderDrawn(cli: CliContext, pattern: string, options: TimeOptions): Promise<Rendered[]> {
  try {
    return await renderFew(cli, [pattern], options, room(cli) * 2);
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_INVALID') throw error;
  }
  // What is refused by itself says why.
  return render(cli, [pattern], options, room(cli) * 2);
}

/** Series with few points, and of each what the lowest, the highest and the last of all of its points were: means hide them. */
async function renderFew(
  cli: CliContext,
  targets: string[],
  options: TimeOptions,
  points: number,
): Promise<Rendered[]> {
  const ways = ['min', 'max', 'last'] as const;
  const more = ways.map((how) => targets.map((target) => `consolidateBy(${target},'${how}')`));
  const all = await render(cli, [...targets, ...more.flat()], options, points);
  const count = all.length / (ways.length + 1);
  return all.slice(0, count).map((series, index) => {
    const [min, max, last] = ways.map((how, way) => summaryOfSeries(all[(way + 1) * count + index])?.[how]);
    return min === undefined || max === undefined || last === undefined
      ? series
      : { ...series, ofAll: { min, max, last } };
  });
}

async function render(
  cli: CliContext,
  targets: string[],
  { from, until }: TimeOptions,
  maxPoints: number | undefined,
): Promise<Rendered[]> {
  const asked = { target: targets, from, until, format: 'json' };
  const body = { ...asked, ...(maxPoints !== undefined && { maxDataPoints: maxPoints }) };
  return askStore<Rendered[]>(await cli.agent(), '/render', body);
}

/** Who writes a part of a name is told of a whole one. */
async function nothing(cli: CliContext, pattern: string): Promise<OpsbroError> {
  const names = await allNames(cli);
  const [part = ''] = pattern.split(/[*?{}[\],]+/).sort((one, other) => other.length - one.length);
  const near = names.filter((name) => part !== '' && name.includes(part));
  const [first = ''] = near;
  return new OpsbroError(
    'OPSBRO_API_NOT_FOUND',
    `no series is called '${pattern}'; ${first === '' ? "'opsbro metrics list' shows what there is" : hintOf(first, part, near.length)}`,
  );
}

function hintOf(name: string, part: string, count: number): string {
  const have = `${count === 1 ? '1 series has' : `${count} series have`} '${part}' in the name, such as '${name}'`;
  const [base = '', tag] = name.split(';');
  if (tag !== undefined) return `${have}; "seriesByTag('name=${base}')" finds those with tags`;
  const steps = base.split('.');
  return `${have}; a pattern has every step of a name: '${[steps[0], ...steps.slice(1).map(() => '*')].join('.')}'`;
}

/** Asks the store's routes, which are there while it runs. */
async function ask<Body>(cli: CliContext, path: string): Promise<Body> {
  return askStore<Body>(await cli.agent(), path);
}

/** Asks a route of the metric store, with what is sent to it where there is something; throws OPSBRO_API_NOT_FOUND that says how to start one where there is none. */
export async function askStore<Body>(client: ControlClient, path: string, sent?: Json): Promise<Body> {
  try {
    return await client.request<Body>(sent === undefined ? 'GET' : 'POST', path, sent);
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_NOT_FOUND') throw error;
    const message = "this agent keeps no history; 'store: { enabled: true }' in agent.yml starts it";
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', message);
  }
}
