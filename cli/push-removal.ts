import type { Command } from 'commander';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import type { CliContext } from './context.ts';
import { askPush } from './push-ask.ts';
import { type PushStatus, pushedItems } from './push-items.ts';
import { formatAge, formatCount } from './quantities.ts';
import { plain } from './table.ts';

/** GET /api/v1/push/removed: an array of these. `name` is `SERVER` or `SERVER/SERVICE`; `title` is what pages call it. */
interface RemovedItem {
  kind: 'server' | 'service';
  id: number;
  name: string;
  title: string;
  undo_until: string;
}

/** Adds `remove`, `removed` and `undo`: what reports no more goes, and comes back for ten minutes. */
export function addPushRemoval(noun: Command, cli: CliContext): void {
  noun
    .command('remove <name>')
    .description('delete a server, or a service as SERVER/SERVICE, with its history; undo brings it back')
    .action((name: string) => remove(cli, name));
  noun
    .command('removed')
    .description('what was deleted in the last ten minutes, and can come back')
    .action(() => listRemoved(cli));
  noun
    .command('undo <name>')
    .description('bring back what was deleted in the last ten minutes')
    .action((name: string) => undo(cli, name));
}

async function remove(cli: CliContext, name: string): Promise<void> {
  const items = pushedItems(await askPush<PushStatus>(cli, 'GET', '/api/v1/push/status'));
  const [item, another] = items.filter((one) => one.name === name);
  if (item === undefined)
    throw unknown(
      `no server or service '${name}' reports here`,
      name,
      items.map((one) => one.name),
    );
  if (another !== undefined)
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `both a server and a service are called '${name}'; the web page tells them apart`,
    );
  await askPush(cli, 'DELETE', `/api/v1/push/items/${item.kind}/${item.id}`);
  const what =
    item.kind === 'server' ? `${plain(name)} and its ${formatCount(item.services, 'service')}` : plain(name);
  cli.show(
    { removed: item.name, kind: item.kind, id: item.id },
    () => `removed ${what}; for ten minutes 'opsbro push undo ${plain(name)}' brings it back`,
  );
}

async function listRemoved(cli: CliContext): Promise<void> {
  const found = await askPush<RemovedItem[]>(cli, 'GET', '/api/v1/push/removed');
  const now = Date.now();
  cli.show(found, () =>
    found.length === 0
      ? cli.paint.dim('nothing was removed in the last ten minutes')
      : cli.table(
          [
            { title: 'NAME', text: (one) => one.name },
            { title: 'KIND', text: (one) => one.kind },
            { title: 'GONE FOR GOOD', text: (one) => formatAge(one.undo_until, now) },
          ],
          found,
        ),
  );
}

async function undo(cli: CliContext, name: string): Promise<void> {
  const removed = await askPush<RemovedItem[]>(cli, 'GET', '/api/v1/push/removed');
  const item = removed.find((one) => one.name === name) ?? removed.find(({ title }) => title === name);
  if (item === undefined)
    throw unknown(
      `no '${name}' was removed in the last ten minutes`,
      name,
      removed.map((one) => one.name),
    );
  await askPush(cli, 'POST', `/api/v1/push/items/${item.kind}/${item.id}/undo`);
  cli.show({ restored: item.name, kind: item.kind, id: item.id }, () => `${plain(item.name)} is back`);
}

function unknown(message: string, name: string, known: string[]): OpsbroError {
  const meant = nearest(name, known);
  const advice = meant === undefined ? '' : `; did you mean '${meant}'?`;
  return new OpsbroError('OPSBRO_API_NOT_FOUND', `${message}${advice}`);
}
