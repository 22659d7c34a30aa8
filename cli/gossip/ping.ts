import type { Command } from 'commander';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { formatMs } from '../quantities.ts';
import { plain } from '../table.ts';
import { askGossip, findNode, readNodes } from './ask.ts';
import { nodeText } from './members.ts';

/** How a node answered. */
interface PingView {
  node: string;
  ms: number;
  path: 'direct' | 'indirect';
}

/** A probe on a slow link, and then the helpers. */
const pingTimeoutMs = 30_000;

/** Adds `opsbro gossip ping`. */
export function registerPing(noun: Command, cli: CliContext): void {
  noun
    .command('ping <node>')
    .description(
      'probe a node, by uuid, name or display name; exit 1 when it does not answer, 2 when unknown',
    )
    .action(async (wanted: string) => {
      const node = findNode(await readNodes(cli), wanted);
      const ping = await askGossip<PingView>(
        cli,
        'POST',
        'ping',
        { node: node.uuid },
        { timeoutMs: pingTimeoutMs },
      ).catch((error: unknown) => {
        if (!(error instanceof OpsbroError) || error.message !== `${node.uuid} does not answer`) throw error;
        throw new OpsbroError(error.code, `${plain(nodeText(node))} does not answer`, { cause: error });
      });
      const through = ping.path === 'direct' ? '' : ', through other nodes only';
      cli.show(
        ping,
        () => `${plain(nodeText(node))}: ${cli.paint.green('OK')} in ${formatMs(ping.ms)}${through}`,
      );
    });
}
