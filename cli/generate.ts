import type { Command } from 'commander';
import { configuredDirectories } from './configured-directories.ts';
import type { CliContext } from './context.ts';

/** Adds `opsbro generate systemd|initd|dnsmasq|resolved`. */
export function registerGenerate(program: Command, cli: CliContext): void {
  const noun = program
    .command('generate')
    .description(
      'print files that put this installation into the system: a unit, an init script, a resolver',
    );
  noun
    .command('systemd')
    .description('a unit for /etc/systemd/system/opsbro.service')
    .action(async () =>
      cli.print((await import('./generate-systemd.ts')).systemdUnit(await installation(cli))),
    );
  noun
    .command('initd')
    .description('an init script for /etc/init.d/opsbro')
    .action(async () => cli.print((await import('./generate-initd.ts')).initScript(await installation(cli))));
  for (const resolver of ['dnsmasq', 'resolved'] as const) {
    noun
      .command(resolver)
      .description(
        `the file that lets ${resolver === 'dnsmasq' ? 'dnsmasq' : 'systemd-resolved'} ask the DNS service`,
      )
      .action(async () => (await import('./generate-resolver.ts')).generateResolver(cli, resolver));
  }
}

/** What a service file must know of this installation. */
export interface Installation {
  /** Absolute path of `bin/opsbro`. */
  program: string;
  /** Absolute path of the Node that runs this command. */
  node: string;
  data: string;
  /** Directories over the shipped one: those that are named, else those of the agent that runs. */
  config: string[];
}

async function installation(cli: CliContext): Promise<Installation> {
  return {
    program: `${cli.process.root.replace(/\/$/, '')}/bin/opsbro`,
    node: process.execPath,
    data: cli.directories().data,
    config: await configuredDirectories(cli),
  };
}
