import type { Command } from 'commander';
import type { AcknowledgementView } from '../control/shapes.ts';
import type { CliContext } from './context.ts';
import { addSuppressionHistory } from './history.ts';
import { orSuggest } from './live-names.ts';
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
    .command('add <check>')
    .description('acknowledge the problem of a check, until it recovers or becomes worse')
    .option('--sticky', 'also when it becomes worse')
    .option('--until <end>', 'at the latest until a time, such as 18:00, or for a duration such as 2h')
    .option('--duration <duration>', 'the same as --until with a duration');
  byOptions(verb, true).action((check: string, options: AddOptions) => acknowledge(cli, check, options));
  addRemove(noun, cli, 'acknowledgements', 'check');
  addSuppressionHistory(noun, cli, 'acknowledgement', 'check');
}

async function acknowledge(cli: CliContext, check: string, options: AddOptions): Promise<void> {
  const { duration, until = duration, ...rest } = options;
  const keys = givenKeys({ ...rest, check, until, by: actor(cli, options) });
  const made = await orSuggest(await cli.agent(), 'checks', check, () =>
    add<AcknowledgementView>(cli, 'acknowledgements', keys),
  );
  cli.show(made, () => `acknowledged ${plain(made.check)}; ends ${end(made, Date.now())}`);
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
