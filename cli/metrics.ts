import type { Command } from 'commander';
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
/** A request for so many series keeps the store's thread for some ten milliseconds. */
const seriesInRequest = 100;
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
  const names = await namesOf(cli, patterns);
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
    return await render(cli, names, options, sparkPoints);
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
    return await render(cli, [name], options, sparkPoints);
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_INVALID') throw error;
    return [{ target: name, datapoints: [] }];
  }
}

async function namesOf(cli: CliContext, patterns: string[]): Promise<string[]> {
  if (patterns.length === 0) return ask<string[]>(cli, '/metrics/index.json');
  const query = new URLSearchParams([
    ['leavesOnly', '1'],
    ['groupByExpr', '1'],
  ]);
  for (const pattern of patterns) query.append('query', pattern);
  const { results } = await ask<{ results: { [pattern: string]: string[] } }>(
    cli,
    `/metrics/expand?${query}`,
  );
  for (const pattern of patterns)
    if ((results[pattern] ?? []).length === 0) throw await nothing(cli, pattern);
  return [...new Set(patterns.flatMap((pattern) => results[pattern] as string[]))];
}

async function show(cli: CliContext, patterns: string[], options: TimeOptions): Promise<void> {
  const isWhole = options.csv || cli.options().json;
  const series: Rendered[] = [];
  for (const pattern of patterns) {
    const found = await render(cli, [pattern], options, isWhole ? undefined : room(cli) * 2);
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

function render(
  cli: CliContext,
  targets: string[],
  { from, until }: TimeOptions,
  maxPoints: number | undefined,
): Promise<Rendered[]> {
  const query = new URLSearchParams({ from, until, format: 'json' });
  for (const target of targets) query.append('target', target);
  if (maxPoints !== undefined) query.set('maxDataPoints', `${maxPoints}`);
  return ask<Rendered[]>(cli, `/render?${query}`);
}

/** Who writes a part of a name is told of a whole one. */
async function nothing(cli: CliContext, pattern: string): Promise<OpsbroError> {
  const names = await ask<string[]>(cli, '/metrics/index.json');
  const near = names.filter((name) => name.includes(pattern));
  const [first = ''] = near;
  const steps = first.split('.');
  const wider = [steps[0], ...steps.slice(1).map(() => '*')].join('.');
  const hint =
    first === ''
      ? "'opsbro metrics list' shows what there is"
      : `${near.length === 1 ? '1 series has' : `${near.length} series have`} it in the name, such as '${first}'; a pattern has every step of a name: '${wider}'`;
  return new OpsbroError('OPSBRO_API_NOT_FOUND', `no series is called '${pattern}'; ${hint}`);
}

/** Asks the store's routes, which are there while it runs. */
async function ask<Body>(cli: CliContext, path: string): Promise<Body> {
  return askStore<Body>(await cli.agent(), path);
}

/** Asks a route of the metric store; throws OPSBRO_API_NOT_FOUND that says how to start one where there is none. */
export async function askStore<Body>(client: ControlClient, path: string): Promise<Body> {
  try {
    return await client.request<Body>('GET', path);
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_NOT_FOUND') throw error;
    const message = "this agent keeps no history; 'store: { enabled: true }' in agent.yml starts it";
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', message);
  }
}
