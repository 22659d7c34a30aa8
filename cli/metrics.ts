import type { Command } from 'commander';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { brailleChart, shortNumber, sparkline, summaryOf } from './metrics-chart.ts';

/** One series as `/render` answers it. */
interface Rendered {
  target: string;
  datapoints: [value: number | null, time: number][];
}

interface ShowOptions {
  from: string;
  until: string;
  csv: boolean;
}

const chartHeight = 8;
const usualWidth = 80;

/** Adds `opsbro metrics`: the history of what was measured. */
export function registerMetrics(program: Command, cli: CliContext): void {
  const noun = program.command('metrics').description('the history of what was measured');
  noun
    .command('list [pattern]')
    .description('names of series: all, or those that a pattern such as web1.memory.* finds')
    .action((pattern: string | undefined) => list(cli, pattern));
  noun
    .command('show <pattern>')
    .description("values of series, or of any of Graphite's functions of them, as a chart")
    .option('--from <time>', 'since when: -1h, -2d, 10:00_20260101, epoch seconds', '-1h')
    .option('--until <time>', 'until when', 'now')
    .option('--csv', 'a line for each value: name, time, value', false)
    .action((pattern: string, options: ShowOptions) => show(cli, pattern, options));
}

async function list(cli: CliContext, pattern: string | undefined): Promise<void> {
  const names =
    pattern === undefined
      ? await ask<string[]>(cli, '/metrics/index.json')
      : (
          await ask<{ results: string[] }>(
            cli,
            `/metrics/expand?leavesOnly=1&query=${encodeURIComponent(pattern)}`,
          )
        ).results;
  if (pattern !== undefined && names.length === 0) throw nothing(pattern);
  cli.show(names, () => names.join('\n'));
}

async function show(cli: CliContext, pattern: string, { from, until, csv }: ShowOptions): Promise<void> {
  const room = Number.isFinite(cli.width) ? cli.width : usualWidth;
  const query = new URLSearchParams({ target: pattern, from, until, format: 'json' });
  if (!csv && !cli.options().json) query.set('maxDataPoints', `${room * 2}`);
  const series = await ask<Rendered[]>(cli, `/render?${query}`);
  if (series.length === 0) throw nothing(pattern);
  cli.show(series, () => (csv ? csvOf(series) : chartOf(cli, series, room)));
}

function nothing(pattern: string): OpsbroError {
  return new OpsbroError(
    'OPSBRO_API_NOT_FOUND',
    `no series is called '${pattern}'; 'opsbro metrics list' shows what there is`,
  );
}

/** Asks the store's routes, which are there while it runs. */
async function ask<Body>(cli: CliContext, path: string): Promise<Body> {
  try {
    return await (await cli.agent()).request<Body>('GET', path);
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_NOT_FOUND') throw error;
    const message = "this agent keeps no history; 'store: { enabled: true }' in agent.yml starts it";
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', message);
  }
}

function csvOf(series: Rendered[]): string {
  return series
    .flatMap(({ target, datapoints }) =>
      datapoints.map(([value, time]) => {
        const name = /[",\n]/.test(target) ? `"${target.replaceAll('"', '""')}"` : target;
        return `${name},${new Date(time * 1000).toISOString()},${value ?? ''}`;
      }),
    )
    .join('\n');
}

function chartOf(cli: CliContext, series: Rendered[], room: number): string {
  const valuesOf = ({ datapoints }: Rendered): (number | null)[] => datapoints.map(([value]) => value);
  const [only] = series;
  if (series.length === 1 && only !== undefined)
    return oneChart(cli, only.target, valuesOf(only), only.datapoints, room);
  const figure = (of: 'min' | 'max' | 'last') => (one: Rendered) => {
    const summary = summaryOf(valuesOf(one));
    return summary === undefined ? '-' : shortNumber(summary[of]);
  };
  return cli.table(
    [
      { title: 'SERIES', text: (one) => one.target },
      { title: 'VALUES', text: (one) => sparkline(valuesOf(one), Math.max(10, Math.floor(room / 4))) },
      { title: 'MIN', text: figure('min'), align: 'right' },
      { title: 'MAX', text: figure('max'), align: 'right' },
      { title: 'LAST', text: figure('last'), align: 'right' },
    ],
    series,
  );
}

function oneChart(
  cli: CliContext,
  target: string,
  values: (number | null)[],
  datapoints: Rendered['datapoints'],
  room: number,
): string {
  const summary = summaryOf(values);
  if (summary === undefined) return `${target}\nno value in this time`;
  const labels = [shortNumber(summary.max), shortNumber(summary.min)];
  const margin = Math.max(...labels.map(({ length }) => length));
  const lines = brailleChart(values, Math.max(10, room - margin - 2), chartHeight).map((line, index) => {
    const label = index === 0 ? labels[0]! : index === chartHeight - 1 ? labels[1]! : '';
    return `${cli.paint.dim(label.padStart(margin))}  ${line}`;
  });
  const time = (at: number | undefined): string =>
    new Date((at ?? 0) * 1000).toISOString().replace('T', ' ').slice(0, 16);
  const span = `${time(datapoints[0]?.[1])} to ${time(datapoints.at(-1)?.[1])} UTC`;
  const figures = `last ${shortNumber(summary.last)}, mean ${shortNumber(summary.mean)}`;
  return [target, ...lines, cli.paint.dim(`${' '.repeat(margin + 2)}${span}; ${figures}`)].join('\n');
}
