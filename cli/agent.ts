import { statSync } from 'node:fs';
import type { Command } from 'commander';
import type { ControlClient } from '../control/client.ts';
import type { AgentView, ReloadView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { findLauncher } from './launcher.ts';
import { paintState } from './paint.ts';
import { formatCount, parseSeconds } from './quantities.ts';
import { isInitialized, notInitialized } from './temporary-agent.ts';
import { isNotRunning, waitUntil } from './wait.ts';

const stopSeconds = 15;
const reloadTimeoutMs = 60_000;

/** Adds `opsbro agent` and returns it. Code that only one verb needs loads when that verb runs. */
export function registerAgent(program: Command, cli: CliContext): Command {
  const noun = program.command('agent').description('run, stop, look at and reload the agent');
  addStart(noun, cli);
  noun
    .command('stop')
    .description('stop the agent and wait until it is gone')
    .action(() => stopAgent(cli));
  noun
    .command('info')
    .description('who this host is, how it does, and how the agent fares')
    .option('--show-logs', 'also the last errors and warnings')
    .action(async (options: { showLogs: boolean }) => {
      const { showInfo } = await import('./agent-info.ts');
      await showInfo(cli, options.showLogs);
    });
  noun
    .command('reload')
    .description('read the configuration again now and say what changed; exit 78 when a file is bad')
    .action(() => reloadAgent(cli));
  noun
    .command('wait-initialized')
    .description('wait until all has run once and services listen; exit 1 when the time is up')
    .option('--timeout <duration>', 'how long to wait: seconds, or 500ms, 10s, 5m, 1h', '30')
    .option('--show-init-header', 'print what is waited for')
    .action((options: { timeout: string; showInitHeader: boolean }) =>
      waitInitialized(cli, options.timeout, options.showInitHeader),
    );
  noun
    .command('print <what>')
    .description('print one value: uuid, local-addr or public-addr')
    .action((what: string) => printValue(cli, what));
  const modules = noun.command('modules').description('the plugins, under their older name');
  modules
    .command('state')
    .description('every plugin: state, runs, errors and durations (the same as `opsbro plugins list`)')
    .action(async () => (await import('./plugins.ts')).listPlugins(cli, undefined));
  const threads = async () => (await import('./agent-threads.ts')).showThreads(cli);
  noun.command('threads').description('how many threads of each kind the agent runs').action(threads);
  noun
    .command('internal')
    .description('the threads, under their older name')
    .command('show-threads')
    .description('how many threads of each kind the agent runs (the same as `opsbro agent threads`)')
    .action(threads);
  noun
    .command('keygen')
    .description('print a fresh gossip key and a fresh RSA pair')
    .action(async () => (await import('./agent-keygen.ts')).printKeys(cli));
  const log = noun.command('log').description("the running agent's log");
  log
    .command('list')
    .description('the parts that can be followed')
    .action(async () => (await import('./agent-log.ts')).listParts(cli));
  log
    .command('follow [part]')
    .description('print events as they come, of one part with its debug events; ctrl-c ends')
    .action(async (part: string | undefined) => (await import('./agent-log.ts')).followLog(cli, part));
  noun.command('parameters').description('show and edit the keys of agent.yml');
  return noun;
}

function addStart(noun: Command, cli: CliContext): void {
  noun
    .command('start')
    .description('run the agent until it is stopped')
    .option('--log-level <level>', 'debug, info, warn or error (OPSBRO_LOG_LEVEL)')
    .option('--no-supervise', 'no launcher that restarts the agent after a crash')
    .option('--one-shot', 'run every collector, detector and check once, then end')
    .option('--uuid <uuid>', 'who this agent is in the cluster, in place of what it stored')
    .option('--auto-detect', 'find other agents by UDP broadcast, and join one')
    .option('--daemon', 'run in the background; returns once the agent is initialized')
    .action(async (options: StartOptions) => {
      if (options.daemon && options.oneShot) {
        throw new OpsbroError('OPSBRO_CLI_USAGE', '--daemon and --one-shot exclude each other');
      }
      requireDirectories(cli.directories().config);
      if (options.daemon) return (await import('./agent-daemon.ts')).startDaemon(cli, options);
      return (await import('./agent-start.ts')).runAgent(cli, options);
    });
}

/** A mistyped --config is no reason to run without it. */
function requireDirectories(directories: string[]): void {
  for (const directory of directories) {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) continue;
    throw new OpsbroError(
      'OPSBRO_CONFIG_NOT_FOUND',
      `the configuration directory ${directory} does not exist`,
    );
  }
}

/** Options of `agent start`. */
export interface StartOptions {
  logLevel?: string;
  supervise: boolean;
  oneShot: boolean;
  daemon: boolean;
  uuid?: string;
  autoDetect?: boolean;
}

async function stopAgent(cli: CliContext): Promise<void> {
  const client = await cli.agent();
  const pid = await askToStop(client).catch((error: unknown) => stopLauncher(cli, error));
  await waitUntil('the agent stops', stopSeconds, async () =>
    isAlive(pid) ? { done: false, why: `process ${pid} still runs` } : { done: true, value: undefined },
  );
  cli.show({ ok: true, pid }, () => 'OK');
}

/** Stops the launcher where no agent answers, as between two starts of one that dies: it would start it again. */
function stopLauncher(cli: CliContext, error: unknown): number {
  const launcher = isNotRunning(error) ? findLauncher(cli.directories().data) : null;
  if (launcher === null) throw error;
  process.kill(launcher, 'SIGTERM');
  return launcher;
}

async function askToStop(client: ControlClient): Promise<number> {
  const { pid } = await client.request<AgentView>('GET', '/api/v1/agent');
  await client.request('POST', '/api/v1/agent/stop', {});
  return pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function reloadAgent(cli: CliContext): Promise<void> {
  const client = await cli.agent();
  const view = await client.request<ReloadView>(
    'POST',
    '/api/v1/agent/reload',
    {},
    { timeoutMs: reloadTimeoutMs },
  );
  cli.show(view, () => reloadText(cli, view));
  if (!view.ok) cli.exitCode = 78;
}

function reloadText(cli: CliContext, view: ReloadView): string {
  const { paint } = cli;
  const lines = [
    ...view.started.map((id) => paint.green(`  + ${id}`)),
    ...view.restarted.map((id) => paint.yellow(`  ~ ${id}`)),
    ...view.stopped.map((id) => paint.red(`  - ${id}`)),
  ];
  for (const { severity, message, place } of view.diagnostics) {
    const word = severity === 'error' ? paint.red(severity) : paint.yellow(severity);
    lines.push(`${place.file}:${place.line}:${place.column}: ${word}: ${message}`);
  }
  const changed = `${view.started.length} started, ${view.restarted.length} restarted, ${view.stopped.length} stopped, ${view.kept} kept`;
  const word = view.ok ? paint.green('OK') : paint.red('ERROR');
  const errors = view.diagnostics.filter((one) => one.severity === 'error').length;
  const tail = view.ok ? '' : `; ${formatCount(errors, 'error')}, the last good objects of those files stay`;
  return [...lines, `${word}: generation ${view.generation}: ${changed}${tail}`].join('\n');
}

async function waitInitialized(cli: CliContext, timeout: string, header: boolean): Promise<void> {
  const seconds = parseSeconds(timeout, '--timeout');
  const client = await cli.agent();
  if (header) cli.note(`waiting up to ${seconds} s for the agent on ${client.socket}`);
  await waitUntil('the agent is initialized', seconds, async () => {
    try {
      if (await isInitialized(client)) return { done: true, value: undefined };
      return { done: false, why: notInitialized };
    } catch (error) {
      // It may be on its way up: that is what is waited for.
      if (isNotRunning(error)) return { done: false, why: error.message };
      throw error;
    }
  });
  cli.show({ state: 'running' }, () => paintState(cli.paint, 'running'));
}

async function printValue(cli: CliContext, what: string): Promise<void> {
  if (what !== 'uuid' && what !== 'local-addr' && what !== 'public-addr') {
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `cannot print '${what}'; there is uuid, local-addr and public-addr`,
    );
  }
  const agent = await (await cli.agent()).request<AgentView>('GET', '/api/v1/agent');
  const value = what === 'uuid' ? agent.uuid : await addressOf(agent, what);
  cli.show({ [what.replace('-', '_')]: value }, () => value);
}

async function addressOf(agent: AgentView, what: 'local-addr' | 'public-addr'): Promise<string> {
  const set = agent.variables[what.replace('-', '_')];
  if (typeof set === 'string' && set !== '') return set;
  return (await import('./local-address.ts')).localAddress();
}
