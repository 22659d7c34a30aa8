import type { Command } from 'commander';
import type { AcknowledgementView } from '../control/shapes.ts';
import type { CliContext } from './context.ts';
import { addSuppressionHistory } from './history.ts';
import { objectPath, orSuggest } from './live-names.ts';
import { paintState } from './paint.ts';
import { formatAge } from './quantities.ts';
import { actor, add, addRemove, type ByOptions, byOptions, givenKeys } from './suppression-verbs.ts';
import { plain } from './table.ts';

interface AddOptions extends ByOptions {
  until?: string;
  duration?: string;
  sticky?: boolean;
}

/** Adds `opsbro ack`: somebody knows of a problem. */
export function registerAck(program: Command, cli: CliContext): void {
  const noun = program.command('ack').description('somebody knows of a problem: no more notifications of it');
  noun
    .command('list')
    .description('every acknowledgement: of which check, who and why')
    .action(() => listAcknowledgements(cli));
  const verb = noun
    .command('add <check...>')
    .description('acknowledge the problems of checks, each until it recovers or becomes worse')
    .option('--sticky', 'also when it becomes worse')
    .option('--until <end>', 'at the latest until a time, such as 18:00, or for a duration such as 2h')
    .option('--duration <duration>', 'the same as --until with a duration');
  byOptions(verb, true).action((checks: string[], options: AddOptions) => acknowledge(cli, checks, options));
  addRemove(noun, cli, 'acknowledgements', 'check');
  addSuppressionHistory(noun, cli, 'acknowledgement', 'check');
}

async function acknowledge(cli: CliContext, checks: string[], options: AddOptions): Promise<void> {
  const { duration, until = duration, ...rest } = options;
  const client = await cli.agent();
  // A name that no check has is found before any other is acknowledged.
  for (const check of checks)
    await orSuggest(client, 'checks', check, () => client.request('GET', objectPath('checks', check)));
  const made: AcknowledgementView[] = [];
  const text = (): string =>
    made.map((one) => `acknowledged ${plain(one.check)}; ends ${end(one, Date.now())}`).join('\n');
  try {
    for (const check of checks) {
      const keys = givenKeys({ ...rest, check, until, by: actor(cli, options) });
      made.push(await add<AcknowledgementView>(cli, 'acknowledgements', keys));
    }
  } catch (error) {
    if (made.length > 0) cli.note(text());
    throw error;
  }
  const [only] = made;
  cli.show(made.length === 1 && only !== undefined ? only : made, text);
}

async function listAcknowledgements(cli: CliContext): Promise<void> {
  const client = await cli.agent();
  const found = await client.request<AcknowledgementView[]>('GET', '/api/v1/acknowledgements');
  const now = Date.now();
  cli.show(found, () =>
    found.length === 0
      ? cli.paint.dim('no acknowledgements')
      : cli.table(
          [
            { title: 'CHECK', text: (one) => one.check },
            { title: 'STATE', text: (one) => one.state, paint: (text) => paintState(cli.paint, text) },
            { title: 'SINCE', text: (one) => formatAge(one.created_at, now), align: 'right' },
            { title: 'ENDS', text: (one) => end(one, now) },
            { title: 'BY', text: (one) => one.by },
            { title: 'COMMENT', text: (one) => one.comment },
          ],
          found,
        ),
  );
}

function end({ sticky, until }: AcknowledgementView, now: number): string {
  const byState = sticky ? 'when it recovers' : 'when it recovers or becomes worse';
  return until === null ? byState : `${byState}, or ${formatAge(until, now)}`;
}
