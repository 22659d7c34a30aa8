import type { Command } from 'commander';
import type { ComparisonView } from '../control/shapes.ts';
import { fetchCheck } from './checks-verdict.ts';
import type { CliContext } from './context.ts';
import { paintState } from './paint.ts';
import { formatCount, formatSeconds, parseSeconds } from './quantities.ts';
import { plain } from './table.ts';

/** Rows that are printed; --json has all. */
const rowsShown = 30;

/** Adds `compare`: where two checks disagreed, e.g. one in shadow mode and the one it is to replace. */
export function addChecksCompare(noun: Command, cli: CliContext): void {
  noun
    .command('compare <one> <other>')
    .description('where two checks disagreed by their hard states, and what each would have told')
    .option('--since <duration>', 'how far to look back: 12h, 30d …', '24h')
    .action((one: string, other: string, options: { since: string }) =>
      compareChecks(cli, [one, other], parseSeconds(options.since, '--since')),
    );
}

async function compareChecks(cli: CliContext, names: [string, string], seconds: number): Promise<void> {
  const client = await cli.agent();
  const left = await fetchCheck(client, names[0]);
  const right = await fetchCheck(client, names[1]);
  const since = new Date(Math.max(0, Date.now() - seconds * 1000)).toISOString();
  const query = new URLSearchParams({ left: left.id, right: right.id, since });
  const view = await client.request<ComparisonView>('GET', `/api/v1/report/compare?${query}`);
  cli.show(view, () => comparisonText(cli, view));
  if (view.known_since !== null && !cli.options().json)
    cli.note(cli.paint.dim(`the history begins at ${view.known_since}; what was before is not compared`));
}

function comparisonText(cli: CliContext, view: ComparisonView): string {
  const { left, right } = view;
  const checks = cli.table(
    [
      { title: 'CHECK', text: (one) => `${one.id}${one.shadow ? ' (shadow)' : ''}` },
      { title: 'IS', text: (one) => one.state, paint: (text) => paintState(cli.paint, text) },
      {
        title: 'WOULD HAVE TOLD',
        text: ({ notifications: { problems, recoveries } }) =>
          `${formatCount(problems, 'problem')}, ${recoveries === 1 ? '1 recovery' : `${recoveries} recoveries`}`,
      },
    ],
    [left, right],
  );
  return [checks, '', summary(cli, view), ...apart(cli, view)].join('\n');
}

function summary({ paint }: CliContext, view: ComparisonView): string {
  const { agreement_percent: percent, compared_seconds: compared, disagreed } = view;
  if (percent === null) return paint.dim('never had a state at the same time');
  // Rounded down: what disagreed once is never 100.
  const share = (Math.floor(percent * 1000) / 1000).toString();
  const often = disagreed === 0 ? 'never apart' : `${formatCount(disagreed, 'time')} apart`;
  return `agree ${share} % of ${formatSeconds(compared)}, ${often}`;
}

function apart(cli: CliContext, { disagreements, left, right }: ComparisonView): string[] {
  if (disagreements.length === 0) return [];
  const colored = (text: string): string => paintState(cli.paint, text);
  const shown = disagreements.slice(-rowsShown);
  const table = cli.table(
    [
      { title: 'FROM', text: (one) => one.from },
      { title: 'FOR', text: (one) => formatSeconds(one.seconds), align: 'right' },
      { title: plain(left.name), text: (one) => one.left, paint: colored },
      { title: plain(right.name), text: (one) => one.right, paint: colored },
    ],
    shown,
  );
  const hidden = disagreements.length - shown.length;
  return ['', table, ...(hidden > 0 ? [cli.paint.dim(`${hidden} earlier ones: see --json`)] : [])];
}
