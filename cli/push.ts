import { randomBytes, scryptSync } from 'node:crypto';
import type { Command } from 'commander';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { askPush } from './push-ask.ts';
import { addPushRemoval } from './push-removal.ts';
import { formatAge } from './quantities.ts';
import { plain } from './table.ts';

/** GET /api/v1/push/servers: an array of these. */
interface PushServerView {
  name: string;
  ip: string;
  services: number;
  last_report: string | null;
}

/** Adds `opsbro push`: the servers that report to this agent. */
export function registerPush(program: Command, cli: CliContext): void {
  const noun = program.command('push').description('the servers that report to this agent');
  const servers = noun.command('servers').description('who reports, and the keys they do it with');
  servers
    .command('list')
    .description(
      'every server that has reported: where it came from first, how many services it has, and when it last reported one',
    )
    .action(() => listServers(cli));
  servers
    .command('reset <name>')
    .description('forget the key of a server: the next one that it comes with counts')
    .action((name: string) => resetServer(cli, name));
  addPushRemoval(noun, cli);
  noun
    .command('password <user>')
    .description("make a password for the push server's page, and print this once what is kept of it")
    .action((user: string) => makePassword(cli, user));
}

/** A random password, and what is kept of it: PHC's form of scrypt, as the push server reads it. */
function makePassword(cli: CliContext, user: string): void {
  if (!/^[^:'\s]+$/.test(user))
    throw new OpsbroError('OPSBRO_CLI_USAGE', `a user has neither colon, quote nor space: '${user}'`);
  const password = randomBytes(15).toString('base64url');
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 });
  const [keptSalt, keptHash] = [salt, hash].map((bytes) => bytes.toString('base64').replaceAll('=', ''));
  const auth = `${user}:$scrypt$ln=15,r=8,p=1$${keptSalt}$${keptHash}`;
  cli.show({ user, password, ui_auth: auth }, () => `password: ${password}\noverc: { ui_auth: '${auth}' }`);
}

async function listServers(cli: CliContext): Promise<void> {
  const found = await askPush<PushServerView[]>(cli, 'GET', '/api/v1/push/servers');
  const now = Date.now();
  cli.show(found, () =>
    found.length === 0
      ? cli.paint.dim('no server has reported')
      : cli.table(
          [
            { title: 'SERVER', text: (one) => one.name },
            { title: 'ADDRESS', text: (one) => one.ip },
            { title: 'SERVICES', text: (one) => String(one.services), align: 'right' },
            { title: 'LAST REPORT', text: (one) => formatAge(one.last_report, now) },
          ],
          found,
        ),
  );
}

async function resetServer(cli: CliContext, name: string): Promise<void> {
  const path = `/api/v1/push/servers/${encodeURIComponent(name)}/reset`;
  const done = await askPush<object>(cli, 'POST', path);
  cli.show(done, () => `${plain(name)}: the next key that it comes with counts`);
}
