import type { Command } from 'commander';
import type { Json, JsonObject } from 'opsbro/sdk';
import type { CollectorView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import { watchCollector } from './collectors-watch.ts';
import type { CliContext } from './context.ts';
import { addHistory } from './history.ts';
import { objectPath, orSuggest } from './live-names.ts';
import { paintState } from './paint.ts';
import { formatAge, formatMs, formatSeconds, parseSeconds } from './quantities.ts';
import { plain } from './table.ts';
import { withAgent } from './temporary-agent.ts';
import { valueLines } from './value-lines.ts';
import { waitUntil } from './wait.ts';

const runTimeoutMs = 60_000;
const notRunning = new Set<CollectorView['state']>(['not-eligible', 'disabled', 'quarantined']);

/** Adds `opsbro collectors`: what this host measures. */
export function registerCollectors(program: Command, cli: CliContext): void {
  const noun = program.command('collectors').description('what this host measures');
  noun
    .command('list')
    .description('every collector: enabled, or disabled and why')
    .action(() => listCollectors(cli));
  noun
    .command('state')
    .description('state, last run and log of every collector')
    .action(() => showStates(cli));
  noun
    .command('show [name]')
    .description('the values of a collector, or of all, as collector.NAME.PATH = VALUE')
    .option('--all', 'also name the collectors without data')
    .action((name: string | undefined, options: { all: boolean }) => showValues(cli, name, options.all));
  noun
    .command('run <name>')
    .description('run a collector now and print its values')
    .action((name: string) => runCollector(cli, name));
  noun
    .command('watch <name>')
    .description('follow the values of a collector until interrupted')
    .option('--count <n>', 'end after this many runs')
    .action((name: string, options: { count?: string }) => watchCollector(cli, name, options.count));
  noun
    .command('wait-ok <name>')
    .description('wait until a collector is ok; exit 1 when the time is up')
    .option('--timeout <duration>', 'how long to wait: seconds, or 500ms, 10s, 5m, 1h', '30')
    .action((name: string, options: { timeout: string }) => waitOk(cli, name, options.timeout));
  addHistory(noun, cli, 'collectors');
}

const all = (cli: CliContext): Promise<CollectorView[]> =>
  withAgent(cli, (client) => client.request<CollectorView[]>('GET', '/api/v1/collectors'));

async function listCollectors(cli: CliContext): Promise<void> {
  const collectors = await (await cli.agent()).request<CollectorView[]>('GET', '/api/v1/collectors');
  const word = (one: CollectorView): string =>
    one.enabled && !notRunning.has(one.state) ? 'enabled' : 'disabled';
  cli.show(collectors, () =>
    cli.table(
      [
        { title: 'NAME', text: (one) => one.name },
        { title: 'RUNS', text: word, paint: (text) => paintState(cli.paint, text) },
        { title: 'EVERY', text: (one) => formatSeconds(one.interval), align: 'right' },
        {
          title: 'WHY',
          text: (one) => (word(one) === 'enabled' && one.state !== 'error' ? '' : one.log || one.state),
        },
      ],
      collectors,
    ),
  );
}

async function showStates(cli: CliContext): Promise<void> {
  const collectors = await all(cli);
  const now = Date.now();
  cli.show(collectors, () =>
    cli.table(
      [
        { title: 'NAME', text: (one) => one.name },
        { title: 'STATE', text: (one) => one.state, paint: (text) => paintState(cli.paint, text) },
        { title: 'LAST RUN', text: (one) => formatAge(one.last_run, now), align: 'right' },
        { title: 'TOOK', text: (one) => formatMs(one.duration_ms), align: 'right' },
        { title: 'VALUES', text: (one) => String(one.metrics), align: 'right' },
        { title: 'LOG', text: (one) => one.log },
      ],
      collectors,
    ),
  );
}

async function showValues(cli: CliContext, name: string | undefined, withInactive: boolean): Promise<void> {
  if (name !== undefined) {
    const one = await withAgent(cli, (client) =>
      orSuggest(client, 'collectors', name, () =>
        client.request<CollectorView>('GET', objectPath('collectors', name)),
      ),
    );
    return printValues(cli, one);
  }
  const collectors = await withAgent(cli, (client) =>
    client.request<CollectorView[]>('GET', '/api/v1/collectors?results=1'),
  );
  const shown = collectors.filter((one) => one.active || withInactive);
  const trees = Object.fromEntries(shown.map((one) => [one.name, results(one)]));
  cli.show(trees, () => shown.flatMap((one) => (one.active ? lines(one) : [whyInactive(one)])).join('\n'));
  const hidden = collectors.filter((one) => !shown.includes(one)).map((one) => one.name);
  if (hidden.length > 0 && !cli.options().json)
    cli.note(cli.paint.dim(`without data: ${hidden.join(', ')}; '--all' says why`));
}

function whyInactive(one: CollectorView): string {
  return `collector.${one.name}: ${one.state}${one.log ? `: ${plain(one.log)}` : ''}`;
}

function printValues(cli: CliContext, one: CollectorView): void {
  cli.show(results(one), () => lines(one).join('\n'));
  const isAwaited = one.last_run === null && !notRunning.has(one.state) && one.state !== 'error';
  if (isAwaited) cli.note(`collector.${one.name} has not run yet: ${firstRun(one)}`);
  else if (one.state !== 'ok' && one.state !== 'running') cli.note(whyInactive(one));
}

function firstRun({ next_run: at, state }: CollectorView): string {
  if (state === 'running') return 'its first run is under way';
  const now = Date.now();
  const isDue = at !== null && Date.parse(at) - now < 1000;
  if (at === null || isDue) return 'its first run comes now';
  return `its first run comes ${formatAge(at, now)}`;
}

function results(one: CollectorView): JsonObject {
  return one.results ?? {};
}

function lines(one: CollectorView): string[] {
  const tree: Json = results(one);
  return Object.keys(results(one)).length === 0 ? [] : valueLines(tree, `collector.${one.name}`);
}

async function runCollector(cli: CliContext, name: string): Promise<void> {
  const client = await cli.agent();
  const one = await orSuggest(client, 'collectors', name, () =>
    client.request<CollectorView>(
      'POST',
      objectPath('collectors', name, 'run'),
      {},
      { timeoutMs: runTimeoutMs },
    ),
  );
  if (one.state === 'error' || one.state === 'quarantined') {
    throw new OpsbroError('OPSBRO_PLUGIN_FAILED', `collector ${one.name} is ${one.state}: ${one.log}`);
  }
  printValues(cli, one);
}

async function waitOk(cli: CliContext, name: string, timeout: string): Promise<void> {
  const seconds = parseSeconds(timeout, '--timeout');
  const one = await withAgent(cli, (client) =>
    waitUntil(`collector ${name} is ok`, seconds, async () => {
      const view = await orSuggest(client, 'collectors', name, () =>
        client.request<CollectorView>('GET', objectPath('collectors', name)),
      );
      if (view.state === 'ok') return { done: true, value: view };
      return { done: false, why: `it is ${view.state}${view.log ? `: ${view.log}` : ''}` };
    }),
  );
  cli.show({ name: one.name, state: one.state }, () => `${one.name}: ${paintState(cli.paint, one.state)}`);
}
