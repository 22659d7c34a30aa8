import type { Command } from 'commander';
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
    .action(async () => cli.print((await import('./generate-systemd.ts')).systemdUnit(installation(cli))));
  noun
    .command('initd')
    .description('an init script for /etc/init.d/opsbro')
    .action(async () => cli.print((await import('./generate-initd.ts')).initScript(installation(cli))));
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
