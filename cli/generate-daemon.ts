import { configuredDirectories } from './configured-directories.ts';
import type { CliContext } from './context.ts';

/** A program of this installation that a service manager keeps running. */
export interface Daemon {
  /** Of the service: files are named by it. */
  name: 'opsbro' | 'overcli-monitor';
  title: string;
  /** What prints this file again, behind `opsbro generate`, without the manager's name. */
  flag: '' | ' --monitor';
  /** Absolute path of the Node that runs this command. */
  node: string;
  /** The program by its absolute path, and all that it is started with. */
  words: string[];
}

/** The agent, with the directories of this moment: those that are named, else those of the agent that runs. */
export async function agentDaemon(cli: CliContext): Promise<Daemon> {
  return agentOf({
    program: programOf(cli, 'opsbro'),
    node: process.execPath,
    data: cli.directories().data,
    config: await configuredDirectories(cli),
  });
}

/** Makes the daemon of an agent. */
export function agentOf(given: { program: string; node: string; data: string; config: string[] }): Daemon {
  const { program, node, data, config } = given;
  return {
    name: 'opsbro',
    title: 'OpsBro monitoring and service discovery agent',
    flag: '',
    node,
    words: [
      ...[program, 'agent', 'start', '--data', data],
      ...config.flatMap((directory) => ['--config', directory]),
    ],
  };
}

/** `overcli monitor`, for a file or a directory of `monitor*.ini`. */
export function monitorDaemon(cli: CliContext, path: string): Daemon {
  return {
    name: 'overcli-monitor',
    title: 'Runs checks of this host and reports them to a push server',
    flag: ' --monitor',
    node: process.execPath,
    words: [programOf(cli, 'overcli'), 'monitor', path],
  };
}

function programOf(cli: CliContext, name: string): string {
  return `${cli.process.root.replace(/\/$/, '')}/bin/${name}`;
}

/** A word as a POSIX shell reads it. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
