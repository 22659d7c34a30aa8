import type { Command } from 'commander';
import type { HistoryView } from '../core/control/shapes.ts';
import type { CliContext } from './context.ts';
import { paintState } from './paint.ts';
import { parseSeconds } from './quantities.ts';
import { withAgent } from './temporary-agent.ts';

/** Adds `history` to a noun: its changes of state, newest last. */
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
      const history = await withAgent(cli, (client) => client.request<HistoryView>('GET', path));
      cli.show(history.entries, () => historyText(history, cli));
    });
}

function historyText(history: HistoryView, cli: CliContext): string {
  if (history.entries.length === 0) return cli.paint.dim('no changes');
  const colored = (text: string): string => paintState(cli.paint, text);
  return cli.table(
    [
      { title: 'WHEN', text: (entry) => entry.at },
      { title: 'NAME', text: (entry) => entry.name },
      { title: 'WAS', text: (entry) => entry.old_state, paint: colored },
      { title: 'IS', text: (entry) => entry.state, paint: colored },
      { title: 'LOG', text: (entry) => entry.log },
    ],
    history.entries,
  );
}
