import type { Command } from 'commander';
import type { ClusterNode } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { formatCount, parseSeconds } from '../quantities.ts';
import { plain } from '../table.ts';
import { waitUntil } from '../wait.ts';
import { lookAgain, readNodes } from './ask.ts';
import { nodeText, timeText } from './members.ts';

interface Options {
  name?: string;
  displayName?: string;
  group?: string;
  count?: string;
  timeout: string;
}

/** Adds `opsbro gossip wait-members`. */
export function registerWaitMembers(noun: Command, cli: CliContext): void {
  noun
    .command('wait-members')
    .description('wait until nodes are alive: one by its name, or some; exit 1 when the time is up')
    .option('--name <name>', 'the node of this name or uuid')
    .option('--display-name <name>', 'the node of this display name')
    .option('--group <group>', 'nodes of this group')
    .option('--count <number>', 'at least so many nodes, by default one', undefined)
    .option('--timeout <duration>', 'how long to wait: seconds, or 500ms, 10s, 5m, 1h', '30')
    .action((options: Options) => waitMembers(cli, options));
}

async function waitMembers(cli: CliContext, options: Options): Promise<void> {
  const { name, displayName, group } = options;
  const count = countOf(options);
  const seconds = parseSeconds(options.timeout, '--timeout');
  const isMeant = (node: ClusterNode): boolean =>
    node.state === 'alive' &&
    (name === undefined || same(node.name, name) || same(node.uuid, name)) &&
    (displayName === undefined || same(node.display_name, displayName)) &&
    (group === undefined || node.groups.includes(group));
  const called = [
    ...(name === undefined ? [] : [`called ${name}`]),
    ...(displayName === undefined ? [] : [`shown as ${displayName}`]),
    ...(group === undefined ? [] : [`in group ${group}`]),
  ].join(' and ');
  const what = `${count === 1 ? 'a node' : `${count} nodes`}${called === '' ? '' : ` ${called}`} ${count === 1 ? 'is' : 'are'} alive`;
  const found = await waitUntil(what, seconds, () =>
    lookAgain(async () => {
      const nodes = (await readNodes(cli)).nodes.filter(isMeant);
      if (nodes.length >= count) return { done: true, value: nodes };
      return { done: false, why: `${formatCount(nodes.length, 'node')} so far` };
    }),
  );
  cli.show(
    found.map((node) => ({ ...node, since: timeText(node.since) })),
    () => found.map((node) => `${plain(nodeText(node))}: ${cli.paint.green('alive')}`).join('\n'),
  );
}

function countOf({ name, displayName, group, count }: Options): number {
  if (name === undefined && displayName === undefined && group === undefined && count === undefined)
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      'say whom to wait for: --name, --display-name, --group or --count',
    );
  if (count === undefined) return 1;
  if (/^[1-9]\d{0,5}$/.test(count)) return Number(count);
  throw new OpsbroError('OPSBRO_CLI_USAGE', `--count '${count}' is no number of nodes`);
}

function same(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
