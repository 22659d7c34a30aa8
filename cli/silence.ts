import type { Command } from 'commander';
import type { SilenceView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { addSuppressionHistory } from './history.ts';
import { formatAge } from './quantities.ts';
import { actor, addMatching, addRemove, type ByOptions, byOptions, givenKeys } from './suppression-verbs.ts';
import { plain } from './table.ts';

interface AddOptions extends ByOptions {
  id?: string;
  until?: string;
  duration?: string;
  timezone?: string;
}

/** Adds `opsbro silence`: no notifications of some checks, from now on. */
export function registerSilence(program: Command, cli: CliContext): void {
  const noun = program.command('silence').description('no notifications of some checks, from now on');
  noun
    .command('list')
    .description('every silence: what it is for, until when, who and why')
    .action(() => listSilences(cli));
  const verb = noun
    .command('add <matcher...>')
    .description(
      "silence the checks that fit every matcher: a name or one of several, 'state=warning', 'label.team=~web|db'",
    )
    .option(
      '--until <end>',
      "'resolved', a duration such as 2h, a time such as 18:00; or two of them with a comma",
    )
    .option('--duration <duration>', 'how long it holds: seconds, or 30m, 2h, 1d')
    .option('--timezone <zone>', 'of the time; by default that of the machine')
    .option('--id <id>', 'its name; by default one is made up');
  byOptions(verb, true).action((match: string[], options: AddOptions) => addSilence(cli, match, options));
  addRemove(noun, cli, 'silences', 'id');
  addSuppressionHistory(noun, cli, 'silence', 'id');
}

async function addSilence(cli: CliContext, match: string[], options: AddOptions): Promise<void> {
  const { duration, until, ...rest } = options;
  const ends = [until, duration].filter((end) => end !== undefined);
  if (ends.length === 0)
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      "a silence needs an end: '--until resolved' or '--duration 2h'",
    );
  const keys = givenKeys({ ...rest, match, until: ends.join(','), by: actor(cli, options) });
  await addMatching<SilenceView>(
    cli,
    'silences',
    match,
    keys,
    (made) => `silence ${plain(made.id)}: ends ${end(made, Date.now())}`,
  );
}

async function listSilences(cli: CliContext): Promise<void> {
  const silences = await (await cli.agent()).request<SilenceView[]>('GET', '/api/v1/silences');
  const now = Date.now();
  cli.show(silences, () =>
    silences.length === 0
      ? cli.paint.dim('no silences')
      : cli.table(
          [
            { title: 'ID', text: (one) => one.id },
            { title: 'FOR', text: (one) => one.match.join(' ') },
            { title: 'CHECKS', text: (one) => String(one.checks.count), align: 'right' },
            { title: 'ENDS', text: (one) => end(one, now) },
            { title: 'BY', text: (one) => one.by },
            { title: 'COMMENT', text: (one) => one.comment },
          ],
          silences,
        ),
  );
}

function end({ active, until, until_resolved: untilResolved }: SilenceView, now: number): string {
  if (!active) return 'over';
  const resolved = untilResolved ? ['when resolved'] : [];
  return [...resolved, ...(until === null ? [] : [formatAge(until, now)])].join(' or ');
}
