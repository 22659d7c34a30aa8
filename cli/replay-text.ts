import type { LifeView, ReplayView } from '../replay/model.ts';
import type { CliContext } from './context.ts';
import { paintState } from './paint.ts';
import { placeText } from './place-text.ts';
import { formatCount, formatSeconds } from './quantities.ts';
import { plain } from './table.ts';

/** Rows of each table that are printed; --json has all. */
const rowsShown = 20;
const states = ['ok', 'warning', 'critical', 'unknown', 'pending'] as const;

/** The replay of one check for people. */
export function replayText(cli: CliContext, view: ReplayView): string {
  const { paint } = cli;
  const head = `${paint.bold(view.id)}  ${paint.dim(placeText(view.place))}`;
  if (view.refused !== null) return `${head}\n${paint.yellow(`cannot be replayed: ${view.refused}`)}`;
  const { would, did } = view;
  return [
    head,
    ...dataLines(cli, view),
    '',
    comparison(cli, view),
    ...(would === null ? [] : problems(cli, 'would have fired', would)),
    ...(did === null ? [] : problems(cli, 'did fire', did)),
    ...(would === null ? [] : notifications(cli, 'would have been told', would)),
    ...(did === null ? [] : notifications(cli, 'was told', did)),
    ...held(cli, view),
  ].join('\n');
}

function dataLines(cli: CliContext, view: ReplayView): string[] {
  const { dim, yellow } = cli.paint;
  const read = view.resolution.map(({ archive, step_seconds, aggregation, from, until, points }) => {
    const how = aggregation === '' ? 'as stored' : `${aggregation} of each ${formatSeconds(step_seconds)}`;
    return dim(`  from archive ${archive}: ${from} to ${until}, ${formatCount(points, 'point')}, ${how}`);
  });
  const gone = view.unmonitored_seconds;
  return [
    ...read,
    dim(
      `  ${formatCount(view.runs, 'run')}${gone === 0 ? '' : `; nothing was measured for ${formatSeconds(gone)}`}`,
    ),
    ...view.notes.map((note) => yellow(`  ${plain(note)}`)),
  ];
}

function comparison(cli: CliContext, { would, did, agreement_percent: percent }: ReplayView): string {
  const lives = [
    ...(would === null ? [] : [{ name: 'would have', life: would }]),
    ...(did === null ? [] : [{ name: 'did', life: did }]),
  ];
  const lasted = (seconds: number): string => (seconds === 0 ? '-' : formatSeconds(seconds));
  const table = cli.table(
    [
      { title: '', text: ({ name }) => name },
      ...states.map((state) => ({
        title: state.toUpperCase(),
        text: ({ life }: (typeof lives)[number]) => lasted(life.seconds[state]),
        paint: (text: string) => (text === '-' ? cli.paint.dim(text) : paintState(cli.paint, state, text)),
        align: 'right' as const,
      })),
      { title: 'PROBLEMS', text: ({ life }) => String(life.problems.length), align: 'right' },
      { title: 'TOLD', text: ({ life }) => String(life.notifications.length), align: 'right' },
    ],
    lives,
  );
  if (did === null) return table;
  // Rounded down: what differed once is never 100.
  const share = percent === null ? null : (Math.floor(percent * 1000) / 1000).toString();
  return `${table}\n${cli.paint.dim(share === null ? 'never had a state at the same time' : `the same state in ${share} % of the time`)}`;
}

function problems(cli: CliContext, title: string, { problems: all }: LifeView): string[] {
  const table = cli.table(
    [
      { title: 'FROM', text: (one) => one.from },
      {
        title: 'FOR',
        text: (one) => `${formatSeconds(one.seconds)}${one.until === null ? ' …' : ''}`,
        align: 'right',
      },
      { title: 'STATE', text: (one) => one.state, paint: (text) => paintState(cli.paint, text) },
      { title: 'OUTPUT', text: (one) => plain(one.output) },
    ],
    all.slice(-rowsShown),
  );
  return section(cli, title, all.length, table);
}

function notifications(cli: CliContext, title: string, { notifications: all }: LifeView): string[] {
  const table = cli.table(
    [
      { title: 'AT', text: (one) => one.at },
      { title: 'HANDLER', text: (one) => plain(one.handler) },
      { title: 'STATE', text: (one) => one.state, paint: (text) => paintState(cli.paint, text) },
      { title: 'WHY', text: (one) => plain(one.reason) },
    ],
    all.slice(-rowsShown),
  );
  return section(cli, title, all.length, table);
}

function held(cli: CliContext, { held: all }: ReplayView): string[] {
  const table = cli.table(
    [
      { title: 'HANDLER', text: (one) => plain(one.handler) },
      { title: 'SINCE', text: (one) => one.from },
      { title: 'TIMES', text: (one) => String(one.count), align: 'right' },
      { title: 'WHY', text: (one) => plain(one.reason) },
    ],
    all.slice(0, rowsShown),
  );
  return all.length === 0 ? [] : section(cli, 'would not have been told', all.length, table);
}

function section(cli: CliContext, title: string, count: number, table: string): string[] {
  if (count === 0) return ['', `${title}: ${cli.paint.dim('nothing')}`];
  const hidden = count - rowsShown;
  return ['', `${title}:`, table, ...(hidden > 0 ? [cli.paint.dim(`${hidden} more: see --json`)] : [])];
}
