import type { Command } from 'commander';
import type { OutboxChangeView, OutboxDetailView, OutboxEntryView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { orSuggest } from './live-names.ts';
import { formatAge, formatCount, formatSeconds } from './quantities.ts';
import { plain } from './table.ts';
import { valueLines } from './value-lines.ts';

/** Adds `opsbro handlers outbox`: what handlers have not been told yet, and what was given up. */
export function registerOutbox(handlers: Command, cli: CliContext): void {
  const noun = handlers
    .command('outbox')
    .description('what handlers have not been told yet, and what was given up');
  noun
    .command('list')
    .description('every notification that waits or is dead, oldest first')
    .option('--handler <name>', 'only what is for this one')
    .action((options: { handler?: string }) => listOutbox(cli, options.handler));
  noun
    .command('show <serial>')
    .description('one notification in full: its tries, and what is handed to the handler')
    .action((serial: string) => showEntry(cli, serialOf(serial)));
  noun
    .command('retry [serial...]')
    .description('try notifications again now, dead ones too')
    .option('--all', 'everything that waits or is dead')
    .action((serials: string[], options: { all?: boolean }) =>
      changeOutbox(cli, 'retry', serials, { flag: '--all', isGiven: options.all === true }),
    );
  noun
    .command('drop [serial...]')
    .description('take notifications out for good')
    .option('--all-dead', 'everything that was given up')
    .action((serials: string[], options: { allDead?: boolean }) =>
      changeOutbox(cli, 'drop', serials, { flag: '--all-dead', isGiven: options.allDead === true }),
    );
}

async function listOutbox(cli: CliContext, handler: string | undefined): Promise<void> {
  const client = await cli.agent();
  const query = handler === undefined ? '' : `?handler=${encodeURIComponent(handler)}`;
  const list = (): Promise<OutboxEntryView[]> =>
    client.request<OutboxEntryView[]>('GET', `/api/v1/outbox${query}`);
  const entries = handler === undefined ? await list() : await orSuggest(client, 'handlers', handler, list);
  const now = Date.now();
  cli.show(entries, () =>
    entries.length === 0
      ? cli.paint.dim('nothing waits, and nothing was given up')
      : cli.table(
          [
            { title: 'SERIAL', text: (one) => String(one.serial), align: 'right' },
            { title: 'HANDLER', text: (one) => handlerText(one) },
            { title: 'STATE', text: (one) => one.state, paint: (text) => paintEntry(cli, text) },
            { title: 'SINCE', text: (one) => formatAge(one.created_at, now), align: 'right' },
            { title: 'TRIES', text: (one) => String(one.attempts), align: 'right' },
            { title: 'NEXT', text: (one) => formatAge(one.next_at, now), align: 'right' },
            { title: 'WHAT', text: (one) => one.summary.slice(0, 60) },
            { title: 'LAST ERROR', text: (one) => one.last_error },
          ],
          entries,
        ),
  );
}

async function showEntry(cli: CliContext, serial: number): Promise<void> {
  const entry = await (await cli.agent()).request<OutboxDetailView>('GET', `/api/v1/outbox/${serial}`);
  cli.show(entry, () => entryText(cli, entry, Date.now()));
}

function entryText(cli: CliContext, entry: OutboxDetailView, now: number): string {
  const { serial, state, created_at: created, next_at: next, last_error: error } = entry;
  const facts: [string, string][] = [
    ['handler', handlerText(entry)],
    ['created', `${formatAge(created, now)} (${created})`],
    ['tries', `${entry.attempts} failed, in ${formatSeconds(entry.age)}`],
    ['next try', next ?? '-'],
    ['last error', error || '-'],
    ['order', entry.order],
  ];
  return [
    `${cli.paint.bold(String(serial))}  ${paintEntry(cli, state)}`,
    ...facts.map(([key, value]) => `${cli.paint.dim(`${key}:`.padEnd(12))}${plain(value)}`),
    ...valueLines(entry.event, 'event'),
  ].join('\n');
}

function handlerText({ handler, handler_gone: isGone }: OutboxEntryView): string {
  return isGone ? `${handler} (gone)` : handler;
}

function paintEntry(cli: CliContext, state: string): string {
  return state === 'dead' ? cli.paint.red(state) : cli.paint.yellow(state);
}

async function changeOutbox(
  cli: CliContext,
  verb: 'retry' | 'drop',
  given: string[],
  all: { flag: string; isGiven: boolean },
): Promise<void> {
  if (all.isGiven === given.length > 0)
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `give serials or ${all.flag}; 'opsbro handlers outbox list' shows them`,
    );
  const serials = all.isGiven ? null : given.map(serialOf);
  const client = await cli.agent();
  const answer = await client.request<OutboxChangeView>('POST', `/api/v1/outbox/${verb}`, { serials });
  const count = formatCount(answer.count, 'notification');
  const left =
    all.isGiven && answer.gone > 0 ? `; ${answer.gone} dead for a handler that is gone stay so` : '';
  cli.show(answer, () => (verb === 'retry' ? `OK: ${count} tried again now${left}` : `OK: ${count} dropped`));
}

function serialOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new OpsbroError(
    'OPSBRO_CLI_USAGE',
    `'${text}' is no serial; 'opsbro handlers outbox list' shows them`,
  );
}
