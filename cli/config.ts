import type { Command } from 'commander';
import type { Json, JsonObject } from 'opsbro/sdk';
import type { ConfigPlan, Diagnostic, RunningObject, ShownObject } from '../configuration/model.ts';
import type { ConfigStatusView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import { changeLines, changesOf, type ObjectChanges } from './config-changes.ts';
import type { CliContext } from './context.ts';
import { type OfflineConfiguration, openConfiguration, openConfigured } from './offline-configuration.ts';
import { diagnosticText, placeText } from './place-text.ts';
import { formatAge, formatCount } from './quantities.ts';
import { valueText } from './value-lines.ts';
import { isNotRunning } from './wait.ts';

const badConfiguration = 78;

interface PlanOptions {
  all?: boolean;
  replay?: string;
}

/** Adds `opsbro config`: everything about configuration that needs no change to it. */
export function registerConfig(program: Command, cli: CliContext): void {
  const noun = program.command('config').description('check, plan, show and test the configuration');
  noun
    .command('check [dirs...]')
    .description(
      'check the configuration, or DIRS over the shipped one and over --config; exit 78 on any error',
    )
    .option('--strict', 'take warnings for errors')
    .action((dirs: string[], options: { strict: boolean }) => check(cli, dirs, options.strict));
  noun
    .command('status')
    .description('what the running agent loaded, and which files are bad; exit 78 when some are')
    .action(() => status(cli));
  noun
    .command('plan [dirs...]')
    .description('what a reload would start, restart and stop')
    .option('--all', 'with no agent running, each object instead of their counts')
    .option(
      '--replay <duration>',
      'run the checks to start or restart over the metrics of the last 12h, 7d …',
    )
    .action((dirs: string[], options: PlanOptions) => plan(cli, dirs, options));
  noun
    .command('show [id]')
    .description(
      'the effective keys of an object (or of `agent`, or the `parameters` of packs) and where each came from; without ID, all ids',
    )
    .action((id: string | undefined) => show(cli, id));
  noun
    .command('schema')
    .description('print the JSON Schema of configuration files, for editors')
    .action(async () => {
      const { configSchema } = await import('./config-schema.ts');
      cli.print(JSON.stringify(configSchema(await openConfigured(cli)), null, 2));
    });
  noun
    .command('test [ids...]')
    .description('run the `tests:` of all checks, or of some; exit 1 when one fails')
    .action(async (ids: string[]) => {
      const { testChecks } = await import('./config-test.ts');
      await testChecks(cli, ids);
    });
}

async function check(cli: CliContext, dirs: string[], strict: boolean | undefined): Promise<void> {
  const { configuration, directories } = await openNamed(cli, dirs);
  const { diagnostics, fileCount, objects } = configuration.read(directories);
  const count = (severity: Diagnostic['severity']): number =>
    diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
  const errors = count('error');
  const warnings = count('warning');
  const ok = errors === 0 && (warnings === 0 || !strict);
  if (!ok) cli.exitCode = badConfiguration;
  const summary = { ok, files: fileCount, objects: objects.length, errors, warnings, diagnostics };
  if (cli.options().json) cli.print(JSON.stringify(summary, null, 2));
  else for (const diagnostic of diagnostics) cli.print(diagnosticText(cli, diagnostic));
  const verdict = ok ? cli.paint.green('ok') : cli.paint.red('bad');
  cli.note(
    `${verdict}: ${formatCount(fileCount, 'file')}, ${formatCount(objects.length, 'object')}, ${formatCount(errors, 'error')}, ${formatCount(warnings, 'warning')}`,
  );
}

async function status(cli: CliContext): Promise<void> {
  const view = await (await cli.agent()).request<ConfigStatusView>('GET', '/api/v1/config/status');
  if (view.bad_files.length > 0) cli.exitCode = badConfiguration;
  cli.show(view, () =>
    [
      `generation   ${view.generation}, loaded ${formatAge(view.loaded_at, Date.now())} in ${view.took_ms} ms`,
      `directories  ${view.directories.join(', ')}`,
      `content      ${view.objects} objects in ${view.files} files`,
      view.bad_files.length === 0
        ? `bad files    ${cli.paint.green('none')}`
        : `bad files    ${cli.paint.red(String(view.bad_files.length))}: their last good objects keep running`,
      ...view.diagnostics.map((diagnostic) => diagnosticText(cli, diagnostic)),
    ].join('\n'),
  );
}

async function plan(cli: CliContext, dirs: string[], { all, replay }: PlanOptions): Promise<void> {
  const running = await runningObjects(cli);
  const { configuration, directories } = await openNamed(cli, dirs);
  const made = configuration.load(directories, running ?? []);
  if (made.badFiles.length > 0) cli.exitCode = badConfiguration;
  const { start, restart, stop, kept, badFiles, diagnostics } = made;
  const ids = { start: start.map(({ id }) => id), restart: restart.map(({ id }) => id), stop, kept };
  const changes = await changesOf(cli, restart, running ?? []);
  const view = { ...ids, changes: Object.fromEntries(changes), bad_files: badFiles, diagnostics };
  const text = (): string => planText(cli, made, changes, running === null && all !== true);
  if (replay === undefined) return cli.show(view, text);
  const { replayPlan, replaysText } = await import('./checks-replay.ts');
  const replays = await replayPlan(cli, configuration.read(directories), made, replay);
  cli.show({ ...view, replay: replays }, () => `${text()}\n\n${replaysText(cli, replays)}`);
}

function planText(cli: CliContext, plan: ConfigPlan, changes: ObjectChanges, isBrief: boolean): string {
  const { paint } = cli;
  const { start, restart, stop, kept, diagnostics, badFiles } = plan;
  const starts = start.map(
    ({ id, place }) => `${paint.green('+ start  ')} ${id}  ${paint.dim(placeText(place))}`,
  );
  return [
    ...diagnostics.map((diagnostic) => diagnosticText(cli, diagnostic)),
    ...(isBrief ? startCounts(cli, plan) : starts),
    ...restart.flatMap(({ id, place }) => [
      `${paint.yellow('~ restart')} ${id}  ${paint.dim(placeText(place))}`,
      ...changeLines(cli, changes.get(id)),
    ]),
    ...stop.map((id) => `${paint.red('- stop   ')} ${id}`),
    start.length + restart.length + stop.length + badFiles.length === 0
      ? `nothing to do: the agent runs all ${kept} objects as they are written`
      : `${start.length} to start, ${restart.length} to restart, ${stop.length} to stop, ${kept} kept`,
  ].join('\n');
}

/** What would start, by pack and kind: with nothing running it is everything, which nobody reads line by line. */
function startCounts(cli: CliContext, { start }: ConfigPlan): string[] {
  const rows = new Map<string, { pack: string; kind: string; count: number }>();
  for (const { pack, kind } of start) {
    const row = rows.get(`${pack}/${kind}`) ?? { pack, kind, count: 0 };
    rows.set(`${pack}/${kind}`, { ...row, count: row.count + 1 });
  }
  const table = cli.table(
    [
      { title: 'PACK', text: (row) => row.pack },
      { title: 'KIND', text: (row) => row.kind },
      { title: 'START', text: (row) => String(row.count) },
    ],
    [...rows.values()],
  );
  return rows.size === 0 ? [] : [table, cli.paint.dim("'--all' shows each")];
}

/** DIRS are laid over those that `--config` names: a directory that somebody names is read, or told to be missing. */
async function openNamed(cli: CliContext, dirs: string[]): Promise<OfflineConfiguration> {
  return dirs.length > 0 ? openConfiguration(cli, [...cli.options().config, ...dirs]) : openConfigured(cli);
}

/** null when no agent runs here. */
async function runningObjects(cli: CliContext): Promise<RunningObject[] | null> {
  try {
    return await (await cli.agent()).request<RunningObject[]>('GET', '/api/v1/config/running');
  } catch (error) {
    if (!isNotRunning(error)) throw error;
    cli.note('no agent runs here: everything would start');
    return null;
  }
}

async function show(cli: CliContext, id: string | undefined): Promise<void> {
  const { configuration, directories } = await openConfigured(cli);
  const { objects, badFiles } = configuration.read(directories);
  const shown = configuration.show(id ?? null);
  if (shown.length === 0 && id !== undefined) {
    const meant = nearest(
      id,
      objects.flatMap((object) => [object.id, object.name]),
    );
    const advice = meant === undefined ? "'opsbro config show' lists all" : `did you mean '${meant}'?`;
    const bad = badFiles.length > 0 ? '; some files are bad, see opsbro config check' : '';
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no object '${id}' is configured; ${advice}${bad}`);
  }
  const one = id === undefined ? undefined : shown;
  cli.show(
    shown,
    () => (one ?? []).map((object) => objectText(cli, object)).join('\n\n') || listText(cli, shown),
  );
}

function listText(cli: CliContext, shown: ShownObject[]): string {
  return cli.table(
    [
      { title: 'ID', text: (object) => object.id },
      { title: 'PLACE', text: (object) => placeText(object.place), paint: (text) => cli.paint.dim(text) },
    ],
    shown,
  );
}

function objectText(cli: CliContext, object: ShownObject): string {
  const rows = object.keys.flatMap(({ key, value, origin, place }) =>
    unfolded(key, value).map((row) => ({
      ...row,
      origin: place === undefined ? origin : `${origin === 'override' ? 'override ' : ''}${placeText(place)}`,
    })),
  );
  const table = cli.table(
    [
      { title: 'KEY', text: (row) => row.key },
      { title: 'FROM', text: (row) => row.origin, paint: (text) => cli.paint.dim(text) },
      { title: 'VALUE', text: (row) => row.value, whole: true },
    ],
    rows,
  );
  return `${cli.paint.bold(object.id)}\n${table}`;
}

/** A row for each entry of a mapping and of a list of mappings: what is nested is too long for one. */
function unfolded(key: string, value: Json): { key: string; value: string }[] {
  const isNested = (one: Json): boolean => typeof one === 'object' && one !== null;
  const isLong = Array.isArray(value) ? value.some(isNested) : isNested(value);
  const entries = isLong ? Object.entries(value as JsonObject) : [];
  if (entries.length === 0) return [{ key, value: valueText(value) }];
  return entries.map(([name, entry]) => ({ key: `${key}.${name}`, value: valueText(entry) }));
}
