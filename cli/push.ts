import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { plain } from './table.ts';

/** GET /api/v1/push/servers: an array of these. */
interface PushServerView {
  name: string;
  ip: string;
  services: number;
}

/** Adds `opsbro push`: the servers that report to this agent. */
export function registerPush(program: Command, cli: CliContext): void {
  const noun = program.command('push').description('the servers that report to this agent');
  const servers = noun.command('servers').description('who reports, and the keys they do it with');
  servers
    .command('list')
    .description('every server that has reported: where it came from first, and how many services it has')
    .action(() => listServers(cli));
  servers
    .command('reset <name>')
    .description('forget the key of a server: the next one that it comes with counts')
    .action((name: string) => resetServer(cli, name));
}

async function listServers(cli: CliContext): Promise<void> {
  const found = await (await cli.agent()).request<PushServerView[]>('GET', '/api/v1/push/servers');
  cli.show(found, () =>
    found.length === 0
      ? cli.paint.dim('no server has reported')
      : cli.table(
          [
            { title: 'SERVER', text: (one) => one.name },
            { title: 'ADDRESS', text: (one) => one.ip },
            { title: 'SERVICES', text: (one) => String(one.services), align: 'right' },
          ],
          found,
        ),
  );
}

async function resetServer(cli: CliContext, name: string): Promise<void> {
  const path = `/api/v1/push/servers/${encodeURIComponent(name)}/reset`;
  const done = await (await cli.agent()).request<object>('POST', path);
  cli.show(done, () => `${plain(name)}: the next key that it comes with counts`);
}
