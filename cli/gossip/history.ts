import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { parseSeconds } from '../quantities.ts';
import { askGossip, findNode, readNodes } from './ask.ts';
import { nodeText, paintNodeState } from './members.ts';

/** A node came into a state; `accusers` say why. */
interface HistoryView {
  at: string;
  node: string;
  name: string;
  display_name?: string;
  state: string;
  accusers: { by: string; name?: string; display_name?: string; evidence: string; at: string }[];
}

const evidences: { [evidence: string]: string } = {
  'no-ack': 'no answer to a probe',
  refused: 'its port refused',
  'suspicion-timeout': 'nobody refuted the suspicion',
  reported: 'told by others',
};

/** Adds `opsbro gossip history`. */
export function registerHistory(noun: Command, cli: CliContext): void {
  noun
    .command('history [node]')
    .description('how nodes fared: each change of state, who accused it and on what evidence, newest last')
    .option('--since <duration>', 'only what happened in the last 10m, 2h, 1d …')
    .action((node: string | undefined, options: { since?: string }) => history(cli, node, options.since));
}

async function history(
  cli: CliContext,
  wanted: string | undefined,
  since: string | undefined,
): Promise<void> {
  const from = since === undefined ? 0 : Date.now() - parseSeconds(since, '--since') * 1000;
  const all = await askGossip<HistoryView[]>(cli, 'GET', 'history');
  const uuid = wanted === undefined ? undefined : await nodeOf(cli, all, wanted);
  const entries = all.filter(
    (one) => Date.parse(one.at) >= from && (uuid === undefined || one.node === uuid),
  );
  cli.show(entries, () => (entries.length === 0 ? cli.paint.dim('no changes') : historyText(cli, entries)));
}

/** A node that was forgotten is still called by what it was called. */
async function nodeOf(cli: CliContext, all: HistoryView[], wanted: string): Promise<string> {
  const lower = wanted.toLowerCase();
  const told = all.findLast(({ node, name, display_name: shown = '' }) =>
    [node, name, shown].some((one) => one.toLowerCase() === lower),
  );
  return told?.node ?? findNode(await readNodes(cli), wanted).uuid;
}

function historyText(cli: CliContext, entries: HistoryView[]): string {
  const shownAs = ({ name, display_name = '' }: HistoryView): string => nodeText({ name, display_name });
  const isShared = (entry: HistoryView): boolean =>
    entries.some((one) => one.node !== entry.node && shownAs(one) === shownAs(entry));
  return cli.table(
    [
      { title: 'WHEN', text: ({ at }) => at },
      { title: 'NODE', text: (one) => (isShared(one) ? one.node : shownAs(one)) },
      {
        title: 'IS',
        text: ({ state }) => state,
        paint: (text, { state }) => paintNodeState(cli.paint, state) + text.slice(state.length),
      },
      { title: 'WHY', text: ({ accusers }) => accusers.map(accuserText).join('; ') },
    ],
    entries,
  );
}

function accuserText(accuser: HistoryView['accusers'][number]): string {
  const { by, name, display_name: shown, evidence, at } = accuser;
  return `${shown || name || by}: ${evidences[evidence] ?? evidence} (${at.slice(11, 19)})`;
}
