import type { Command } from 'commander';
import type { ControlClient } from '../core/control/client.ts';
import type { PluginView } from '../core/control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import type { CliContext } from './context.ts';
import { paintState } from './paint.ts';
import { formatBytes, formatMs } from './quantities.ts';
import { plain } from './table.ts';
import { valueLines } from './value-lines.ts';

/** Adds `opsbro plugins`: what the agent can run and how it fares. */
export function registerPlugins(program: Command, cli: CliContext): void {
  const noun = program.command('plugins').description('the plugins the agent knows and how they fare');
  noun
    .command('list')
    .description('every plugin: state, runs, errors, timeouts and durations')
    .option('--kind <kind>', 'only one kind: collector, detector, check …')
    .action((options: { kind?: string }) => listPlugins(cli, options.kind));
  noun
    .command('show <id>')
    .description(
      'one plugin (collector/memory, or memory where no other has that name): figures, manifest, objects',
    )
    .action((id: string) => showPlugin(cli, id));
  noun
    .command('release <id>')
    .description('let a quarantined plugin run again')
    .action((id: string) => releasePlugin(cli, id));
}

/** Prints the plugins by kind with their states; `agent modules state` of older versions. */
export async function listPlugins(cli: CliContext, kind: string | undefined): Promise<void> {
  const all = await (await cli.agent()).request<PluginView[]>('GET', '/api/v1/plugins');
  const wanted = kind?.replace(/s$/, '');
  const plugins = wanted === undefined ? all : all.filter((one) => one.kind.replace(/s$/, '') === wanted);
  if (wanted !== undefined && plugins.length === 0) {
    const kinds = [...new Set(all.map((one) => one.kind))].sort().join(', ');
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no plugin is of the kind '${kind}'; there is ${kinds}`);
  }
  const number = (value: number): string => (value === 0 ? '-' : String(value));
  cli.show(plugins, () =>
    cli.table(
      [
        { title: 'ID', text: (one) => one.id },
        { title: 'STATE', text: (one) => one.state, paint: (text) => paintState(cli.paint, text) },
        { title: 'RUNS', text: (one) => number(one.runs), align: 'right' },
        { title: 'ERRORS', text: (one) => number(one.errors), align: 'right' },
        { title: 'TIMEOUTS', text: (one) => number(one.timeouts), align: 'right' },
        { title: 'RESTARTS', text: (one) => number(one.restarts), align: 'right' },
        { title: 'LAST', text: (one) => formatMs(one.last_ms), align: 'right' },
        { title: 'P99', text: (one) => formatMs(one.p99_ms), align: 'right' },
        { title: 'LOG', text: (one) => one.log },
      ],
      plugins,
    ),
  );
}

async function showPlugin(cli: CliContext, given: string): Promise<void> {
  const client = await cli.agent();
  const id = await findPlugin(client, given);
  const plugin = await client.request<PluginView>('GET', pluginPath(id));
  cli.show(plugin, () => pluginText(cli, plugin));
}

function pluginText(cli: CliContext, plugin: PluginView): string {
  const { paint } = cli;
  const lines = [
    `${paint.bold(plugin.id)}  ${paintState(paint, plugin.state)}  ${paint.dim(plugin.origin)}`,
    plain(plugin.summary),
  ];
  if (plugin.log !== '') lines.push(paint.red(plain(plugin.log)));
  const facts: [string, string][] = [
    [
      'runs',
      `${plugin.runs} (${plugin.errors} errors, ${plugin.timeouts} timeouts, ${plugin.skipped} skipped, ${plugin.late} late)`,
    ],
    ['restarts', String(plugin.restarts)],
    ['duration', `last ${formatMs(plugin.last_ms)}, p99 ${formatMs(plugin.p99_ms)}`],
    ['heap', plugin.heap_bytes === null ? '-' : formatBytes(plugin.heap_bytes)],
    ['objects', plugin.objects?.join(', ') || '-'],
  ];
  for (const [key, value] of facts) lines.push(`${paint.dim(`${key}:`.padEnd(10))}${plain(value)}`);
  if (plugin.manifest !== undefined)
    lines.push(paint.dim('manifest:'), ...valueLines(plugin.manifest, '  manifest'));
  return lines.join('\n');
}

async function releasePlugin(cli: CliContext, given: string): Promise<void> {
  const client = await cli.agent();
  const id = await findPlugin(client, given);
  const answer = await client.request('POST', `${pluginPath(id)}/release`, {});
  cli.show(answer, () => `OK: ${id} runs again`);
}

/** The id a person means: a full one, or a name that one plugin has. Throws with the candidates. */
async function findPlugin(client: ControlClient, given: string): Promise<string> {
  const ids = (await client.request<PluginView[]>('GET', '/api/v1/plugins')).map(({ id }) => id);
  const wanted = given.toLowerCase();
  const found = ids.includes(given)
    ? [given]
    : ids.filter((id) => shortName(id).toLowerCase() === wanted).sort();
  if (found.length === 1) return found[0] as string;
  if (found.length > 1) {
    const why = `plugin '${given}' is ambiguous: ${found.join(', ')}; use the full id`;
    throw new OpsbroError('OPSBRO_CLI_USAGE', why);
  }
  const name = nearest(given, [...ids, ...ids.map(shortName)]);
  const meant = ids.find((id) => id === name || shortName(id) === name);
  const advice = meant === undefined ? "'opsbro plugins list' shows all" : `did you mean '${meant}'?`;
  throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no plugin '${given}'; ${advice}`);
}

function shortName(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

/** A plugin's id keeps its one slash in the path. */
function pluginPath(id: string): string {
  return `/api/v1/plugins/${id.split('/').map(encodeURIComponent).join('/')}`;
}
