import type { Command } from 'commander';
import type { CheckView, CollectorView, DetectorView, HistoryView } from '../core/control/shapes.ts';
import type { CliContext } from './context.ts';
import { paintState } from './paint.ts';
import { parseSeconds } from './quantities.ts';
import { withAgent } from './temporary-agent.ts';

type Named = Pick<CollectorView | DetectorView | CheckView, 'id' | 'name'>;

/** Adds `history` to a noun: its changes of state, newest last. Objects that share a name go by their ids. */
export function addHistory(
  noun: Command,
  cli: CliContext,
  kind: 'collectors' | 'detectors' | 'checks',
): void {
  noun
    .command('history')
    .description('changes of state, newest last')
    .option('--since <duration>', 'only what happened in the last 10m, 2h, 1d …')
    .action(async (options: { since?: string }) => {
      const query =
        options.since === undefined
          ? ''
          : `?since=${new Date(Date.now() - parseSeconds(options.since, '--since') * 1000).toISOString()}`;
      const path = `/api/v1/history/${kind}${query}`;
      const [history, objects] = await withAgent(cli, async (client) => [
        await client.request<HistoryView>('GET', path),
        await client.request<Named[]>('GET', `/api/v1/${kind}`),
      ]);
      cli.show(history.entries, () => historyText(history, namesakes([...history.entries, ...objects]), cli));
    });
}

/** Names that several objects have, of those that changed and of those there are now. */
function namesakes(all: Named[]): ReadonlySet<string> {
  const ids = new Map<string, string>();
  const shared = new Set<string>();
  for (const { id, name } of all.filter((one) => one.id !== '')) {
    if ((ids.get(name) ?? id) !== id) shared.add(name);
    ids.set(name, id);
  }
  return shared;
}

function historyText(history: HistoryView, shared: ReadonlySet<string>, cli: CliContext): string {
  if (history.entries.length === 0) return cli.paint.dim('no changes');
  const colored = (text: string): string => paintState(cli.paint, text);
  return cli.table(
    [
      { title: 'WHEN', text: (entry) => entry.at },
      { title: 'NAME', text: ({ id, name }) => (shared.has(name) && id !== '' ? id : name) },
      { title: 'WAS', text: (entry) => entry.old_state, paint: colored },
      { title: 'IS', text: (entry) => entry.state, paint: colored },
      { title: 'LOG', text: (entry) => entry.log },
    ],
    history.entries,
  );
}
