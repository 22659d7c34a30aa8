import type { Command } from 'commander';
import type { Json } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { formatAge, parseSeconds } from '../quantities.ts';
import { plain } from '../table.ts';
import { waitUntil } from '../wait.ts';
import { askGossip, lookAgain } from './ask.ts';
import { nodeText } from './members.ts';

/** An event that a node told all others. */
interface EventView {
  id: string;
  name: string;
  payload: Json;
  from: string;
  /** The name of who told it, and what people see in its place; empty where they are not known. */
  node: string;
  display_name: string;
  at: string;
}

/** Adds `opsbro gossip events`. */
export function registerEvents(noun: Command, cli: CliContext): void {
  const events = noun.command('events').description('what nodes tell all others; kept for 300 seconds');
  events
    .command('list [name]')
    .description('the events that are kept, oldest first')
    .action(async (name: string | undefined) => {
      const found = await readEvents(cli, name);
      cli.show(found, () => eventsText(cli, found));
    });
  events
    .command('add <name>')
    .description('tell an event to every node')
    .option('--payload <value>', 'JSON, or a text; at most 512 bytes')
    .action((name: string, options: { payload?: string }) => addEvent(cli, name, options.payload));
  events
    .command('wait <name>')
    .description('wait for an event, or find it among those that are kept; exit 1 when the time is up')
    .option('--new', 'only one that is told from now on')
    .option('--timeout <duration>', 'how long to wait: seconds, or 500ms, 10s, 5m, 1h', '30')
    .action((name: string, options: { new?: boolean; timeout: string }) => waitEvent(cli, name, options));
}

async function addEvent(cli: CliContext, name: string, payload: string | undefined): Promise<void> {
  try {
    const event = await askGossip<EventView>(cli, 'POST', 'events', {
      name,
      payload: payload === undefined ? null : payloadOf(payload),
    });
    cli.show(event, () => `${cli.paint.green('OK')}: ${plain(event.name)} is told to every node`);
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_INVALID') throw error;
    throw new OpsbroError('OPSBRO_CLI_USAGE', error.message, { cause: error });
  }
}

async function waitEvent(
  cli: CliContext,
  name: string,
  options: { new?: boolean; timeout: string },
): Promise<void> {
  const seconds = parseSeconds(options.timeout, '--timeout');
  const old = new Set<string>();
  let isFirst = options.new === true;
  const event = await waitUntil(`an event ${name} is told`, seconds, () =>
    lookAgain(async () => {
      const found = await readEvents(cli, name);
      if (isFirst) for (const { id } of found) old.add(id);
      isFirst = false;
      const last = found.findLast(({ id }) => !old.has(id));
      if (last !== undefined) return { done: true, value: last };
      return { done: false, why: old.size === 0 ? 'there was none' : 'there was none but older ones' };
    }),
  );
  cli.show(
    event,
    () =>
      `${plain(name)}: ${cli.paint.green('told')} by ${teller(event)} ${formatAge(event.at, Date.now())}${payloadText(event)}`,
  );
}

function readEvents(cli: CliContext, name: string | undefined): Promise<EventView[]> {
  const query = name === undefined ? '' : `?name=${encodeURIComponent(name)}`;
  return askGossip<EventView[]>(cli, 'GET', `events${query}`);
}

function payloadOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function eventsText(cli: CliContext, events: EventView[]): string {
  if (events.length === 0) return cli.paint.dim('no event is kept');
  const now = Date.now();
  return cli.table(
    [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'FROM', text: teller },
      { title: 'TOLD', text: ({ at }) => formatAge(at, now), align: 'right' },
      { title: 'PAYLOAD', text: ({ payload }) => (payload === null ? '-' : JSON.stringify(payload)) },
    ],
    events,
  );
}

function teller({ node, display_name, from }: EventView): string {
  return plain(nodeText({ name: node || from, display_name }));
}

function payloadText({ payload }: EventView): string {
  return payload === null ? '' : `: ${plain(JSON.stringify(payload))}`;
}
