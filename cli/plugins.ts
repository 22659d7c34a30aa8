import type { Command } from 'commander';
import type { ControlClient } from '../control/client.ts';
import type { PluginView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { paintState } from './paint.ts';
import { manifestText } from './plugin-manifest.ts';
import { pickPlugin, pluginPath } from './plugin-names.ts';
import { approvalFacts, droppedView, rightsText } from './plugin-rights.ts';
import { registerApproval } from './plugins-approve.ts';
import { registerAuthoring } from './plugins-author.ts';
import { registerSigning } from './plugins-sign.ts';
import { formatBytes, formatMs } from './quantities.ts';
import { plain } from './table.ts';
import { isNotRunning } from './wait.ts';

/** Adds `opsbro plugins`: what the agent can run and how it fares. */
export function registerPlugins(program: Command, cli: CliContext): void {
  const noun = program
    .command('plugins')
    .description('the plugins the agent knows and how they fare, and writing one');
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
    .command('quarantine <id>')
    .description('keep a plugin from running, until it is released')
    .option('--reason <text>', 'why, for those who find it so')
    .action((id: string, options: { reason?: string }) => quarantinePlugin(cli, id, options));
  noun
    .command('release <id>')
    .description('let a quarantined plugin run again')
    .action((id: string) => releasePlugin(cli, id));
  registerApproval(noun, cli);
  registerSigning(noun, cli);
  registerAuthoring(noun, cli);
}

/** Prints the plugins by kind with their states; `agent modules state` of older versions. */
export async function listPlugins(cli: CliContext, kind: string | undefined): Promise<void> {
  const all = await listed(cli);
  if (all === null) return listDropped(cli, kind);
  const wanted = kind?.replace(/s$/, '');
  const plugins = wanted === undefined ? all : all.filter((one) => one.kind.replace(/s$/, '') === wanted);
  if (wanted !== undefined && plugins.length === 0) {
    const kinds = [...new Set(all.map((one) => one.kind))].sort().join(', ');
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no plugin is of the kind '${kind}'; there is ${kinds}`);
  }
  const number = (value: number): string => (value === 0 ? '-' : String(value));
  cli.show(plugins, () => {
    const table = cli.table(
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
    );
    return [table, ...rightsText(cli, plugins)].join('\n');
  });
}

/** null when no agent runs. */
async function listed(cli: CliContext): Promise<PluginView[] | null> {
  try {
    return await (await cli.agent()).request<PluginView[]>('GET', '/api/v1/plugins');
  } catch (error) {
    if (isNotRunning(error)) return null;
    throw error;
  }
}

/** Without an agent nothing fares; what is there to approve can still be said. */
async function listDropped(cli: CliContext, kind: string | undefined): Promise<void> {
  const { list } = await (await import('./dropped-plugins.ts')).openDropped(cli);
  const views = list.map(({ entry }) => droppedView(entry));
  const wanted = kind?.replace(/s$/, '');
  const shown = views.filter((one) => wanted === undefined || one.kind === wanted);
  cli.note('no agent runs: these are the third-party plugins of the configuration');
  cli.show(shown, () => rightsText(cli, shown).slice(1).join('\n') || cli.paint.dim('none'));
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
    ...sandboxFacts(plugin),
    ...approvalFacts(plugin),
    ...emittedFacts(plugin),
  ];
  for (const [key, value] of facts) lines.push(`${paint.dim((key && `${key}:`).padEnd(10))}${plain(value)}`);
  if (plugin.manifest !== undefined) lines.push(...manifestText(cli, plugin.manifest));
  return lines.join('\n');
}

/** What a sandboxed plugin used up and tried since the agent started. */
function sandboxFacts({ sandbox }: PluginView): [string, string][] {
  if (sandbox === undefined) return [];
  const { cpu_ms, cpu_p99_ms, cpu_minute_ms, memory_bytes, host_calls, late_calls, denials, denied } =
    sandbox;
  const broken = Object.entries(sandbox.breaches).map(([limit, count]) => `${limit} ${count}`);
  const memory = memory_bytes === null ? '-' : formatBytes(memory_bytes);
  return [
    [
      'sandbox',
      `CPU last ${formatMs(cpu_ms)}, p99 ${formatMs(cpu_p99_ms)}, ${formatMs(cpu_minute_ms)} in the last minute`,
    ],
    ['', `memory ${memory}, ${host_calls} calls of the host, ${late_calls} late`],
    ['', `${denials} denied${denied === null ? '' : `, the last: ${denied}`}`],
    ['', `limits broken: ${broken.join(', ') || 'none'}; threads terminated: ${sandbox.kills}`],
  ];
}

/** The last ten events; `--json` has all that are kept. */
function emittedFacts({ emitted }: PluginView): [string, string][] {
  if (emitted === undefined) return [];
  const { count, dropped, last } = emitted;
  return [
    ['emitted', `${count} events${dropped === 0 ? '' : `, ${dropped} more dropped`}`],
    ...last
      .slice(-10)
      .map(({ at, topic, data }): [string, string] => ['', `${at}  ${topic}  ${JSON.stringify(data)}`]),
  ];
}

async function quarantinePlugin(cli: CliContext, given: string, options: { reason?: string }): Promise<void> {
  const client = await cli.agent();
  const id = await findPlugin(client, given);
  const answer = await client.request('POST', `${pluginPath(id)}/quarantine`, { ...options });
  cli.show(answer, () => `OK: ${id} runs no more until 'opsbro plugins release ${id}'`);
}

async function releasePlugin(cli: CliContext, given: string): Promise<void> {
  const client = await cli.agent();
  const id = await findPlugin(client, given);
  const answer = await client.request('POST', `${pluginPath(id)}/release`, {});
  cli.show(answer, () => `OK: ${id} runs again`);
}

async function findPlugin(client: ControlClient, given: string): Promise<string> {
  const plugins = await client.request<PluginView[]>('GET', '/api/v1/plugins');
  return pickPlugin(
    given,
    plugins.map(({ id }) => id),
  );
}
