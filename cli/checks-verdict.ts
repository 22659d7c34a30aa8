import type { Command } from 'commander';
import type { ControlClient } from '../core/control/client.ts';
import type { CheckView } from '../core/control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { objectPath, orSuggest } from './live-names.ts';
import { paintState } from './paint.ts';
import { formatAge, formatSeconds } from './quantities.ts';
import { plain } from './table.ts';

const runTimeoutMs = 60_000;
/** The Monitoring Plugins' exit codes; what has no verdict yet is unknown. */
const nagiosCodes = { ok: 0, warning: 1, critical: 2, unknown: 3, pending: 3 } as const;

/** Adds `show NAME` and `run NAME`, which answer as a Nagios plugin does: its first line and its exit codes 0 to 3. */
export function addCheckVerdicts(noun: Command, cli: CliContext): void {
  const codes = 'exit 0 ok, 1 warning, 2 critical, 3 unknown';
  noun
    .command('show <name>')
    .description(`one check as a Nagios plugin answers: ${codes}`)
    .action((name: string) => asPlugin(cli, name, fetchCheck));
  noun
    .command('run <name>')
    .description(`run a check now; ${codes}`)
    .action((name: string) => asPlugin(cli, name, runCheck));
}

/** The check called `name`: its id, its name, or its display name. Throws OPSBRO_API_NOT_FOUND with the nearest name. */
export async function fetchCheck(client: ControlClient, name: string): Promise<CheckView> {
  try {
    return await client.request<CheckView>('GET', objectPath('checks', name));
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_NOT_FOUND') throw error;
    const all = await client.request<CheckView[]>('GET', '/api/v1/checks');
    const wanted = name.toLowerCase();
    const found = all.filter((one) => one.display_name.toLowerCase() === wanted);
    if (found.length === 1) return found[0] as CheckView;
    return orSuggest(client, 'checks', name, () => Promise.reject(error));
  }
}

async function runCheck(client: ControlClient, name: string): Promise<CheckView> {
  const { id } = await fetchCheck(client, name);
  return client.request<CheckView>('POST', objectPath('checks', id, 'run'), {}, { timeoutMs: runTimeoutMs });
}

/** Whatever keeps a Nagios plugin from a verdict is UNKNOWN: exit 1 would be read as a warning, 2 as critical. */
async function asPlugin(
  cli: CliContext,
  name: string,
  fetch: (client: ControlClient, name: string) => Promise<CheckView>,
): Promise<void> {
  cli.exitCode = nagiosCodes.unknown;
  try {
    const check = await fetch(await cli.agent(), name);
    cli.show(check, () => verdictText(cli, check));
    cli.exitCode = nagiosCodes[check.state];
  } catch (error) {
    if (!(error instanceof OpsbroError)) throw error;
    if (!cli.options().json) cli.print(`UNKNOWN - ${plain(error.message)}`);
    // Nagios reads stdout, scripts read stderr; a person at a terminal needs it once.
    if (cli.options().json || !cli.process.stdout.isTTY) cli.note(`opsbro: ${error.message}`);
  }
}

function stateText(check: CheckView, now: number): string {
  const since =
    check.since === null ? '' : `, for ${formatSeconds(Math.max(0, now - Date.parse(check.since)) / 1000)}`;
  return `${check.state}${check.hard || check.state === 'pending' ? '' : ' (soft)'}${since}`;
}

function verdictText(cli: CliContext, check: CheckView): string {
  const { paint } = cli;
  const [first = '', ...more] = check.output.split('\n').map(plain);
  const word = check.state.toUpperCase();
  const lines = [
    `${paintState(paint, check.state, word)} - ${plain(check.display_name)}: ${first}`.trimEnd(),
    ...more,
  ];
  const now = Date.now();
  const facts: [string, string][] = [
    ['id', check.id],
    ['state', stateText(check, now)],
    [
      'last run',
      `${check.last_run === null ? 'never' : formatAge(check.last_run, now)}, every ${formatSeconds(check.interval)}`,
    ],
  ];
  if (!check.active) facts.push(['inactive', check.inactive_because]);
  if (check.missing.length > 0) facts.push(['missing', check.missing.join(', ')]);
  if (check.error !== null) facts.push(['error', `${check.error.code}: ${check.error.message}`]);
  if (check.notes !== '') facts.push(['notes', check.notes]);
  for (const [key, value] of facts) lines.push(`${paint.dim(`${key}:`.padEnd(10))}${plain(value)}`);
  return lines.join('\n');
}
