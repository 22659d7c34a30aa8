import type { Command } from 'commander';
import type { CheckView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import { checkMarks, paintCheck } from './check-marks.ts';
import { addChecksCompare } from './checks-compare.ts';
import type { ReplayOptions } from './checks-replay.ts';
import { addChecksReport } from './checks-report.ts';
import { addCheckVerdicts, fetchCheck } from './checks-verdict.ts';
import type { CliContext } from './context.ts';
import { addHistory } from './history.ts';
import { orSuggest } from './live-names.ts';
import { paintState } from './paint.ts';
import { formatCount, formatSeconds, parseSeconds } from './quantities.ts';
import { plain } from './table.ts';
import { withAgent } from './temporary-agent.ts';
import { waitUntil } from './wait.ts';

const symbols: { [state: string]: string } = {
  ok: '√',
  warning: '‼',
  critical: '✗',
  unknown: '?',
  pending: '…',
};

/** Which checks `checks state` shows. */
interface StateOptions {
  all?: boolean;
  problems?: boolean;
}

/** Adds `replay`: a changed or new check over what was stored. */
function addChecksReplay(noun: Command, cli: CliContext): void {
  noun
    .command('replay <file-or-name>')
    .description(
      'run a changed or new check over stored metrics: what would have fired, who would have been told',
    )
    .option('--since <duration>', 'how far to look back: 12h, 7d, 30d …', '7d')
    .option('--until <time>', "the end: a time, '03:12', or 2h for two hours ago; now by default")
    .action(async (target: string, options: ReplayOptions) => {
      const { replayTarget } = await import('./checks-replay.ts');
      await replayTarget(cli, target, options);
    });
}

/** Adds `opsbro checks` (`monitoring` in older versions): how this host does. */
export function registerChecks(program: Command, cli: CliContext): void {
  const noun = program
    .command('checks')
    .alias('monitoring')
    .description('how this host does: states of the checks');
  noun
    .command('list')
    .description('every check: pack, state, interval and the group it needs')
    .action(() => listChecks(cli));
  noun
    .command('state [names...]')
    .description(
      "state and output of the checks that apply here, by pack; or of some, '*' standing for any text",
    )
    .option('--all', 'also those whose group does not hold here')
    .option('--problems', 'only those that are not ok, or stale')
    .action((names: string[], options: StateOptions) => showStates(cli, names, options));
  addCheckVerdicts(noun, cli);
  noun
    .command('wait-ok <name>')
    .description('wait until a check is ok; exit 1 when the time is up')
    .option('--timeout <duration>', 'how long to wait: seconds, or 500ms, 10s, 5m, 1h', '30')
    .action((name: string, options: { timeout: string }) => waitOk(cli, name, options.timeout));
  addHistory(noun, cli, 'checks');
  addChecksReport(noun, cli);
  addChecksCompare(noun, cli);
  addChecksReplay(noun, cli);
}

async function listChecks(cli: CliContext): Promise<void> {
  const checks = await withAgent(cli, (client) => client.request<CheckView[]>('GET', '/api/v1/checks'));
  cli.show(checks, () =>
    cli.table(
      [
        { title: 'PACK', text: (one) => one.pack },
        { title: 'NAME', text: (one) => one.name },
        {
          title: 'STATE',
          text: (one) => (one.active ? `${one.state}${checkMarks(one)}` : 'inactive'),
          paint: (text, one) => (one.active ? paintCheck(cli.paint, one, text) : cli.paint.dim(text)),
        },
        {
          title: 'EVERY',
          text: (one) => (one.interval > 0 ? formatSeconds(one.interval) : '-'),
          align: 'right',
        },
        { title: 'IF GROUP', text: (one) => one.if_group ?? '' },
        { title: 'DISPLAY NAME', text: (one) => (one.display_name === one.name ? '' : one.display_name) },
      ],
      checks,
    ),
  );
}

/** Prints the checks by pack with their states and outputs; with `names` only those. Throws OPSBRO_API_NOT_FOUND for a name of none. */
export async function showStates(cli: CliContext, names: string[], options: StateOptions): Promise<void> {
  const checks = await withAgent(cli, async (client) => {
    const all = await client.request<CheckView[]>('GET', '/api/v1/checks');
    const unknown = names.find((name) => !all.some((one) => isNamed(one, name)));
    if (unknown === undefined) return all;
    const error = new OpsbroError('OPSBRO_API_NOT_FOUND', `no check '${unknown}'`);
    return orSuggest(client, 'checks', unknown, () => Promise.reject(error));
  });
  const { all: withInactive = false, problems = false } = options;
  const named =
    names.length === 0 ? checks : checks.filter((one) => names.some((name) => isNamed(one, name)));
  const meant = problems ? named.filter(isProblem) : named;
  const shown = withInactive || names.length > 0 ? meant : meant.filter((one) => one.active);
  cli.show(meant, () =>
    shown.length > 0 ? statesText(cli, shown) : problems ? cli.paint.dim('no problems') : 'No checks',
  );
  const hidden = meant.length - shown.length;
  if (hidden > 0 && !cli.options().json) {
    cli.note(
      cli.paint.dim(
        `${formatCount(hidden, 'check')} disabled or for groups this host is not in; '--all' shows them`,
      ),
    );
  }
}

/** Whether a check is called so, by its id, its name or its display name; `*` stands for any text. */
function isNamed({ id, name, display_name }: CheckView, wanted: string): boolean {
  const parts = wanted
    .toLowerCase()
    .split('*')
    .map((part) => part.replaceAll(/[^\w\s]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`, 's');
  return [id, name, display_name].some((text) => pattern.test(text.toLowerCase()));
}

function isProblem({ state, stale, active }: CheckView): boolean {
  return active && (stale || (state !== 'ok' && state !== 'pending'));
}

function statesText(cli: CliContext, checks: CheckView[]): string {
  const { paint } = cli;
  const lines: string[] = [];
  const width = Math.max(...checks.map((one) => plain(one.display_name).length));
  for (const pack of [...new Set(checks.map((one) => one.pack))].sort()) {
    lines.push(`${paint.dim('*')} Pack ${paint.bold(plain(pack))}`);
    for (const one of checks.filter((each) => each.pack === pack)) {
      const symbol = one.stale && one.state === 'ok' ? '~' : (symbols[one.state] ?? '?');
      const word = paintCheck(paint, one, `${symbol} ${one.state.toUpperCase()}`);
      const marks = paint.dim(checkMarks(one));
      const name = plain(one.display_name).padEnd(width);
      const inactive = one.active ? '' : paint.dim(` (${one.inactive_because})`);
      lines.push(`  - ${plain(pack)} > ${name}  ${word}${marks}${inactive}`);
      for (const line of outputLines(one)) lines.push(paint.dim(`      | ${line}`));
    }
  }
  return lines.join('\n');
}

/** The lines of a check's output, then what it missed and why it failed. */
function outputLines(one: CheckView): string[] {
  const lines = one.output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(plain);
  if (one.error !== null && !one.output.includes(one.error.message)) lines.push(plain(one.error.message));
  return lines;
}

async function waitOk(cli: CliContext, name: string, timeout: string): Promise<void> {
  const seconds = parseSeconds(timeout, '--timeout');
  const one = await withAgent(cli, (client) =>
    waitUntil(`check ${name} is ok`, seconds, async () => {
      const view = await fetchCheck(client, name);
      if (view.state === 'ok' && !view.stale) return { done: true, value: view };
      return {
        done: false,
        why: `it is ${view.state}${checkMarks(view)}${view.output ? `: ${view.output}` : ''}`,
      };
    }),
  );
  cli.show(one, () => `${one.name}: ${paintState(cli.paint, one.state)}`);
}
