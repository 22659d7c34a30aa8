import type { Command } from 'commander';
import type { CliContext } from './context.ts';

/** Adds `opsbro generate systemd|initd`. */
export function registerGenerate(program: Command, cli: CliContext): void {
  const noun = program
    .command('generate')
    .description('print a systemd unit or an init script for this installation');
  noun
    .command('systemd')
    .description('a unit for /etc/systemd/system/opsbro.service')
    .action(async () => cli.print((await import('./generate-systemd.ts')).systemdUnit(installation(cli))));
  noun
    .command('initd')
    .description('an init script for /etc/init.d/opsbro')
    .action(async () => cli.print((await import('./generate-initd.ts')).initScript(installation(cli))));
}

/** What a service file must know of this installation. */
export interface Installation {
  /** Absolute path of `bin/opsbro`. */
  program: string;
  /** Absolute path of the Node that runs this command. */
  node: string;
  data: string;
  /** Directories over the shipped one. */
  config: string[];
}

function installation(cli: CliContext): Installation {
  const { config, data } = cli.directories();
  return {
    program: `${cli.process.root.replace(/\/$/, '')}/bin/opsbro`,
    node: process.execPath,
    data,
    config: config.slice(1),
  };
}
