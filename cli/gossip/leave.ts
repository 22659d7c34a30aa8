import type { Command } from 'commander';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { plain } from '../table.ts';
import { askGossip, findNode, readNodes } from './ask.ts';

/** A leave is told to others before it is answered. */
const leaveTimeoutMs = 30_000;

/** Adds `opsbro gossip leave`. */
export function registerLeave(noun: Command, cli: CliContext): void {
  noun
    .command('leave [node]')
    .description('leave the cluster for good, or clear away a node that is dead: it is not missed any more')
    .action((wanted: string | undefined) => leave(cli, wanted));
}

async function leave(cli: CliContext, wanted: string | undefined): Promise<void> {
  const snapshot = await readNodes(cli);
  const uuid = wanted === undefined ? snapshot.self : uuidOf(snapshot, wanted);
  const node = snapshot.nodes.find((one) => one.uuid === uuid);
  const isSelf = uuid === snapshot.self;
  if (!isSelf && node?.state === 'alive')
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `${plain(node.name)} is alive, and would come back; run 'opsbro gossip leave' on it`,
    );
  await askGossip(cli, 'POST', 'leave', isSelf ? {} : { uuid }, { timeoutMs: leaveTimeoutMs });
  cli.show(
    { uuid, state: 'leave' },
    () => `Node ${plain(uuid)} is set to leave state: ${cli.paint.green('OK')}`,
  );
}

function uuidOf(snapshot: Parameters<typeof findNode>[0], wanted: string): string {
  return findNode(snapshot, wanted).uuid;
}
