import type { AgentHandle } from '../core/agent.ts';
import { OpsbroError } from '../core/errors.ts';
import type { StartOptions } from './agent.ts';
import type { CliContext } from './context.ts';
import { noteLauncher } from './launcher.ts';
import { ProcessEnd } from './process-end.ts';

const launcherPollMs = 2000;
/** A stop takes this long at most. */
const stopMs = 4900;
/** What is left of it for threads to end in, however long the agent took: on a busy host those that give way to others take their time. */
const threadsMs = 900;
/** A start that does not even come to its agent within this time of a signal is cut off. */
const startMs = 5000;
/** Tells the launcher that the agent refused to start: it reports 1 instead of trying again. */
const refusedCode = 69;

const levels: { [word: string]: string } = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
};

/**
 * Runs the agent in this process and ends the process with its exit code, or by TERM or INT itself when a thread does not end. TERM and INT
 * stop it gracefully, also while it starts, the second one at once; HUP reloads. Under the launcher (OPSBRO_LAUNCHER holds its pid) the agent also stops when the launcher is gone.
 */
export async function runAgent(cli: CliContext, options: StartOptions): Promise<void> {
  const { env } = cli.process;
  const level = logLevel(options.logLevel ?? env.OPSBRO_LOG_LEVEL);
  const launcher = env.OPSBRO_LAUNCHER === undefined ? undefined : Number(env.OPSBRO_LAUNCHER);
  // What the agent runs is not launched by this launcher.
  delete env.OPSBRO_LAUNCHER;
  const endedWith = env.OPSBRO_ENDED_WITH === undefined ? undefined : Number(env.OPSBRO_ENDED_WITH);
  delete env.OPSBRO_ENDED_WITH;
  const { config, data } = cli.directories();
  // Before anything that takes time: a signal that comes early must not kill an agent that is starting.
  const processEnd = new ProcessEnd();
  const signals = catchSignals(launcher !== undefined, processEnd);
  try {
    const { startAgent } = await import('../core/agent.ts');
    const agent = await startAgent({
      config,
      data,
      ...(level === undefined ? {} : { logLevel: level }),
      ...(endedWith === undefined ? {} : { endedWith }),
      oneShot: options.oneShot,
      uuid: options.uuid,
      stop: signals.stop,
      onData: (run) => {
        if (launcher !== undefined) noteLauncher(run, launcher);
      },
    });
    signals.deliver(agent);
    if (options.autoDetect === true) void (await import('./gossip/auto-detect.ts')).autoDetect(cli);
    if (cli.process.stdout.isTTY && !options.oneShot && !cli.options().json) {
      const { welcome } = await import('./agent-welcome.ts');
      void welcome(cli, agent.stopped);
    }
    if (launcher !== undefined) stopWithLauncher(launcher, () => agent.stop('the launcher is gone'));
    const code = await agent.stopped;
    await processEnd.end(code ?? 1, 'SIGTERM', code === null ? 0 : signals.threadsMs());
  } catch (error) {
    if (launcher !== undefined) refuse(error, cli);
    throw error;
  }
}

function logLevel(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const level = levels[text.toLowerCase()];
  if (level !== undefined) return level;
  throw new OpsbroError('OPSBRO_CLI_USAGE', `log level '${text}' is none of debug, info, warn, error`);
}

/** Whatever keeps the agent from starting, except what the launcher does not try again anyway. */
function refuse(error: unknown, cli: CliContext): void {
  const code = error instanceof OpsbroError ? error.code : '';
  if (code === 'OPSBRO_CLI_USAGE' || code.startsWith('OPSBRO_CONFIG_')) return;
  cli.note(
    `opsbro: ${error instanceof OpsbroError ? error.message : String((error as Error)?.stack ?? error)}`,
  );
  process.exit(refusedCode);
}

interface Signals {
  /** Fires at the first signal. */
  stop: AbortSignal;
  /** Hands over what came before the agent was there, and what comes now. */
  deliver(agent: Pick<AgentHandle, 'reload' | 'cutOff'>): void;
  /** How long threads have to end from now on. */
  threadsMs(): number;
}

/**
 * Catches signals from now on. On a terminal ctrl-c reaches both this process (INT) and the launcher, which passes it on as TERM: under a
 * launcher only a repeated signal of one name counts as the second.
 */
function catchSignals(launched: boolean, processEnd: ProcessEnd): Signals {
  let agent: Pick<AgentHandle, 'reload' | 'cutOff'> | undefined;
  const stop = new AbortController();
  let since = Number.NEGATIVE_INFINITY;
  const seen = new Set<string>();
  let reloadWanted = false;
  const end = async (signal: 'SIGTERM' | 'SIGINT', code: number): Promise<void> => {
    const key = launched ? signal : 'any';
    if (seen.has(key)) {
      const isClosed = await (agent?.cutOff() ?? true);
      return processEnd.end(code, signal, isClosed ? threadsMs : 0);
    }
    seen.add(key);
    since = performance.now();
    stop.abort(signal);
    setTimeout(() => {
      if (agent === undefined) void processEnd.end(code, signal, 0);
    }, startMs).unref();
  };
  process.on('SIGTERM', () => void end('SIGTERM', 143));
  process.on('SIGINT', () => void end('SIGINT', 130));
  process.on('SIGHUP', () => {
    if (agent === undefined) reloadWanted = true;
    else agent.reload();
  });
  return {
    stop: stop.signal,
    deliver(to) {
      agent = to;
      if (reloadWanted) to.reload();
    },
    threadsMs: () => Math.max(threadsMs, since + stopMs - performance.now()),
  };
}

/** An orphan is adopted by another process, so a changed parent means that the launcher is gone. */
function stopWithLauncher(launcher: number, stop: () => void): void {
  const timer = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(timer);
    stop();
  }, launcherPollMs);
  timer.unref();
}
