import { OpsbroError } from '../core/errors.ts';
import type { StartOptions } from './agent.ts';
import type { CliContext } from './context.ts';

const launcherPollMs = 500;
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
 * Runs the agent in this process and ends the process with its exit code. TERM and INT stop it gracefully, the second one at once; HUP
 * reloads. Under the launcher (OPSBRO_LAUNCHER holds its pid) the agent also stops when the launcher is gone.
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
  const signals = catchSignals(launcher !== undefined);
  try {
    const { startAgent } = await import('../core/agent.ts');
    const agent = await startAgent({
      config,
      data,
      ...(level === undefined ? {} : { logLevel: level }),
      ...(endedWith === undefined ? {} : { endedWith }),
      oneShot: options.oneShot,
    });
    signals.deliver({ stop: (why) => agent.stop(why), reload: () => agent.reload() });
    if (cli.process.stdout.isTTY && !options.oneShot && !cli.options().json) {
      const { welcome } = await import('./agent-welcome.ts');
      void welcome(cli, agent.stopped);
    }
    if (launcher !== undefined) stopWithLauncher(launcher, () => agent.stop('the launcher is gone'));
    const code = await agent.stopped;
    process.exit(code);
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

interface Receiver {
  stop(why: string): void;
  reload(): void;
}

/**
 * Catches signals from now on and hands them over once the agent is there. On a terminal ctrl-c reaches both this process (INT) and
 * the launcher, which passes it on as TERM: under a launcher only a repeated signal of one name counts as the second.
 */
function catchSignals(launched: boolean): { deliver(to: Receiver): void } {
  let receiver: Receiver | undefined;
  const seen = new Set<string>();
  let reloadWanted = false;
  const end = (signal: 'SIGTERM' | 'SIGINT', number: number): void => {
    const key = launched ? signal : 'any';
    if (seen.has(key)) process.exit(128 + number);
    const first = seen.size === 0;
    seen.add(key);
    if (first) receiver?.stop(signal);
  };
  process.on('SIGTERM', () => end('SIGTERM', 15));
  process.on('SIGINT', () => end('SIGINT', 2));
  process.on('SIGHUP', () => {
    if (receiver === undefined) reloadWanted = true;
    else receiver.reload();
  });
  return {
    deliver(to) {
      receiver = to;
      if (seen.size > 0) to.stop('a signal during the start');
      else if (reloadWanted) to.reload();
    },
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
