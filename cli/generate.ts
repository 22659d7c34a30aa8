import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import type { Daemon } from './generate-daemon.ts';

/** Where the monitor's files lie unless `--monitor PATH` says otherwise. */
const monitorFiles = '/etc/overc';

const managers: { [name: string]: { what: string; print: () => Promise<(daemon: Daemon) => string> } } = {
  systemd: {
    what: 'a unit for /etc/systemd/system',
    print: async () => (await import('./generate-systemd.ts')).systemdUnit,
  },
  initd: {
    what: 'an init script for /etc/init.d',
    print: async () => (await import('./generate-initd.ts')).initScript,
  },
  supervisor: {
    what: 'a program for /etc/supervisor/conf.d',
    print: async () => (await import('./generate-supervisor.ts')).supervisorProgram,
  },
  upstart: {
    what: 'a job for /etc/init',
    print: async () => (await import('./generate-upstart.ts')).upstartJob,
  },
};

/** Adds `opsbro generate systemd|initd|supervisor|upstart|nginx|dnsmasq|resolved`. */
export function registerGenerate(program: Command, cli: CliContext): void {
  const noun = program
    .command('generate')
    .description(
      'print files that put this installation into the system: units, scripts, a site, a resolver',
    );
  for (const [name, { what, print }] of Object.entries(managers)) {
    noun
      .command(name)
      .description(`${what}, of the agent or of overcli monitor`)
      .option('--monitor [path]', `of 'overcli monitor PATH', ${monitorFiles} when not said`)
      .action(async ({ monitor }: { monitor?: string | true }) => {
        const text = (await print())(await daemonOf(cli, monitor));
        cli.show({ text }, () => text);
      });
  }
  noun
    .command('nginx')
    .description('a site in front of the push server, and of the HTTP API where it is configured')
    .option('--name <name>', 'the name that clients ask by; the first of the HTTP API when not said')
    .action(async ({ name }: { name?: string }) =>
      (await import('./generate-nginx.ts')).generateNginx(cli, name),
    );
  for (const resolver of ['dnsmasq', 'resolved'] as const) {
    noun
      .command(resolver)
      .description(
        `the file that lets ${resolver === 'dnsmasq' ? 'dnsmasq' : 'systemd-resolved'} ask the DNS service`,
      )
      .action(async () => (await import('./generate-resolver.ts')).generateResolver(cli, resolver));
  }
}

async function daemonOf(cli: CliContext, monitor: string | true | undefined): Promise<Daemon> {
  const { agentDaemon, monitorDaemon } = await import('./generate-daemon.ts');
  if (monitor === undefined) return agentDaemon(cli);
  return monitorDaemon(cli, monitor === true ? monitorFiles : resolve(monitor));
}
