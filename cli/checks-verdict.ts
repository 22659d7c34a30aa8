import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Diagnostic, RunningObject } from '../configuration/model.ts';
import type { ControlClient } from '../control/client.ts';
import type { CheckView, ConfigStatusView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import { checkMarks, paintCheck } from './check-marks.ts';
import type { CliContext } from './context.ts';
import { objectPath, orSuggest } from './live-names.ts';
import { placeText } from './place-text.ts';
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
    const [bad] = await errorsOf(
      client,
      ({ place }) => basename(place.file).replace(/\.ya?ml$/i, '') === name,
    );
    if (bad !== undefined) {
      const why = `its file is bad: ${placeText(bad.place)}: ${bad.message}`;
      throw new OpsbroError(error.code, `${error.message}; ${why}`, { cause: error });
    }
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
    const client = await cli.agent();
    const check = await fetch(client, name);
    const errors = await fileErrors(client, check.id);
    cli.show({ ...check, file_errors: errors }, () => verdictText(cli, check, errors));
    // Who asks by exit code alone must not see a green that is old.
    cli.exitCode = nagiosCodes[check.stale && check.state === 'ok' ? 'unknown' : check.state];
  } catch (error) {
    if (!(error instanceof OpsbroError)) throw error;
    if (!cli.options().json) cli.print(`UNKNOWN - ${plain(error.message)}`);
    // Nagios reads stdout, scripts read stderr; a person at a terminal needs it once.
    if (cli.options().json || !cli.process.stdout.isTTY) cli.noteError(error);
  }
}

/** What is wrong with the file that a check was read from: then its last good version runs. */
async function fileErrors(client: ControlClient, id: string): Promise<Diagnostic[]> {
  const errors = await errorsOf(client, () => true);
  if (errors.length === 0) return [];
  const running = await client.request<RunningObject[]>('GET', '/api/v1/config/running').catch(() => []);
  const file = running.find((object) => object.id === id)?.file;
  return errors.filter(({ place }) => place.file === file);
}

/** The errors of the configuration. A verdict does not depend on the answer, so none is as good. */
async function errorsOf(
  client: ControlClient,
  isMeant: (diagnostic: Diagnostic) => boolean,
): Promise<Diagnostic[]> {
  const status = await client.request<ConfigStatusView>('GET', '/api/v1/config/status').catch(() => null);
  return (status?.diagnostics ?? []).filter((one) => one.severity === 'error' && isMeant(one));
}

function stateText(check: CheckView, now: number): string {
  const since =
    check.since === null ? '' : `, for ${formatSeconds(Math.max(0, now - Date.parse(check.since)) / 1000)}`;
  return `${check.state}${checkMarks(check)}${since}`;
}

function verdictText(cli: CliContext, check: CheckView, errors: Diagnostic[]): string {
  const { paint } = cli;
  const [first = '', ...more] = check.output.split('\n').map(plain);
  const word = `${check.state.toUpperCase()}${check.stale && check.state !== 'unknown' ? ' (stale)' : ''}`;
  const lines = [
    `${paintCheck(paint, check, word)} - ${plain(check.display_name)}: ${first}`.trimEnd(),
    ...more,
  ];
  const now = Date.now();
  const facts: [string, string][] = [
    ['id', check.id],
    ['state', stateText(check, now)],
    [
      'last run',
      // A service that reports by a schedule has no interval.
      `${check.last_run === null ? 'never' : formatAge(check.last_run, now)}${check.interval > 0 ? `, every ${formatSeconds(check.interval)}` : ''}`,
    ],
  ];
  if (!check.hard && check.pending_since !== null && check.for > 0)
    facts.push(['for', `hard after ${formatSeconds(check.for)}, not ok since ${check.pending_since}`]);
  if (check.hard_state !== check.state) facts.push(['hard', check.hard_state]);
  if (check.flapping) facts.push(['flapping', `${check.flapping_percent} % changes of state`]);
  for (const { text } of check.held) facts.push(['held', text]);
  for (const { place, message } of errors)
    facts.push(['outdated', `its last good version runs, since ${placeText(place)}: ${message}`]);
  if (!check.active) facts.push(['inactive', check.inactive_because]);
  if (check.missing.length > 0) facts.push(['missing', check.missing.join(', ')]);
  if (check.error !== null) facts.push(['error', `${check.error.code}: ${check.error.message}`]);
  if (check.notes !== '') facts.push(['notes', check.notes]);
  for (const [key, value] of facts) lines.push(`${paint.dim(`${key}:`.padEnd(10))}${plain(value)}`);
  return lines.join('\n');
}
