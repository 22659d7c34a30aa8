import type { Command } from 'commander';
import type { DowntimeView } from '../control/shapes.ts';
import type { CliContext } from './context.ts';
import { addSuppressionHistory } from './history.ts';
import { formatAge, formatSeconds } from './quantities.ts';
import { actor, addMatching, addRemove, type ByOptions, byOptions, givenKeys } from './suppression-verbs.ts';
import { plain } from './table.ts';

interface AddOptions extends ByOptions {
  id?: string;
  from?: string;
  until?: string;
  to?: string;
  duration?: string;
  cron?: string;
  hours?: string;
  timezone?: string;
  flexible?: string;
}

/** Adds `opsbro downtime`: planned time in which problems are expected. */
export function registerDowntime(program: Command, cli: CliContext): void {
  const noun = program.command('downtime').description('planned time in which problems are not notified');
  noun
    .command('list')
    .description('every downtime: what it is for, when, who and why')
    .action(() => listDowntimes(cli));
  const verb = noun
    .command('add <matcher...>')
    .description(
      "plan a downtime of the checks that fit every matcher: a name or one of several, 'pack=linux', 'label.team=~web|db'",
    )
    .option('--from <time>', 'when it begins: 23:00, the next one, or 2026-12-24T18:00; by default now')
    .option('--until <end>', 'when it ends: 06:00, the next one after that, 2026-12-24T18:00, or 2h later')
    .option('--to <end>', 'the same as --until')
    .option('--duration <duration>', 'how long it is: seconds, or 30m, 2h, 1d')
    .option('--cron <expression>', 'begins again and again, such as "0 2 * * sun"; with --duration')
    .option('--hours <hours>', 'every week, such as "mon-fri 22:00-06:00"')
    .option('--timezone <zone>', 'of these times; by default that of the machine')
    .option('--flexible <duration>', 'begins with the first problem in that time, and lasts so long')
    .option('--id <id>', 'its name; by default one is made up');
  byOptions(verb, true).action((match: string[], options: AddOptions) => addDowntime(cli, match, options));
  addRemove(noun, cli, 'downtimes', 'id');
  addSuppressionHistory(noun, cli, 'downtime', 'id');
}

async function addDowntime(cli: CliContext, match: string[], options: AddOptions): Promise<void> {
  const { to, until = to, ...rest } = options;
  const keys = givenKeys({ ...rest, until, match, by: actor(cli, options) });
  await addMatching<DowntimeView>(
    cli,
    'downtimes',
    match,
    keys,
    (made) => `downtime ${plain(made.id)}: ${time(made, Date.now())}`,
  );
}

async function listDowntimes(cli: CliContext): Promise<void> {
  const downtimes = await (await cli.agent()).request<DowntimeView[]>('GET', '/api/v1/downtimes');
  const now = Date.now();
  cli.show(downtimes, () =>
    downtimes.length === 0
      ? cli.paint.dim('no downtimes')
      : cli.table(
          [
            { title: 'ID', text: (one) => one.id },
            { title: 'FOR', text: (one) => one.match.join(' ') },
            { title: 'CHECKS', text: (one) => String(one.checks.count), align: 'right' },
            { title: 'WHEN', text: (one) => time(one, now) },
            { title: 'AGAIN', text: (one) => (one.schedule === 'once' ? '' : one.schedule) },
            { title: 'BY', text: (one) => one.by },
            { title: 'COMMENT', text: (one) => one.comment },
          ],
          downtimes,
        ),
  );
}

function time({ active, flexible, from, until }: DowntimeView, now: number): string {
  if (from === null) return 'over';
  if (active) return `now, ends ${formatAge(until, now)}`;
  const length = formatSeconds((Date.parse(until ?? from) - Date.parse(from)) / 1000);
  const start = Date.parse(from) <= now ? 'now' : formatAge(from, now);
  if (flexible === null) return `${start}, for ${length}`;
  return `${formatSeconds(flexible)} from a problem ${start}, within ${length}`;
}
