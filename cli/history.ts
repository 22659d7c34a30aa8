import type { Command } from 'commander';
import type { CheckView, CollectorView, DetectorView, HistoryView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { orSuggest } from './live-names.ts';
import { paintState } from './paint.ts';
import { parseSeconds } from './quantities.ts';
import { withAgent } from './temporary-agent.ts';

type Entry = HistoryView['entries'][number];
type Named = Pick<CollectorView | DetectorView | CheckView, 'id' | 'name'>;

interface Options {
  since?: string;
}

/** Adds `history` to a noun: its changes of state, newest last. Objects that share a name go by their ids. */
export function addHistory(
  noun: Command,
  cli: CliContext,
  kind: 'collectors' | 'detectors' | 'checks',
): void {
  historyVerb(noun, 'history [name]', 'changes of state, newest last').action(
    async (name: string | undefined, options: Options) => {
      const path = pathOf(kind, options);
      const [history, objects] = await withAgent(cli, async (client) => {
        const found = await client.request<HistoryView>('GET', path);
        const named = await client.request<Named[]>('GET', `/api/v1/${kind}`);
        if (name !== undefined && ![...found.entries, ...named].some((one) => isCalled(one, name)))
          await orSuggest(client, kind, name, () => Promise.reject(unknown(kind, name)));
        return [found, named];
      });
      const entries = history.entries.filter((one) => name === undefined || isCalled(one, name));
      const shared = namesakes([...history.entries, ...objects]);
      cli.show(entries, () => historyText(entries, shared, cli));
    },
  );
}

/** Adds `history` to the noun of a kind of suppression: each start and end, newest last. */
export function addSuppressionHistory(
  noun: Command,
  cli: CliContext,
  kind: 'downtime' | 'acknowledgement' | 'silence',
  word: string,
): void {
  historyVerb(noun, `history [${word}]`, 'each start and end, who and why, newest last').action(
    async (id: string | undefined, options: Options) => {
      const path = pathOf('suppressions', options);
      const { entries } = await (await cli.agent()).request<HistoryView>('GET', path);
      const meant = entries.filter((one) => one.name === kind && (id === undefined || isOf(one, id)));
      cli.show(meant, () => historyText(meant, new Set([kind]), cli));
    },
  );
}

/** An acknowledgement is called by its check, with or without its pack. */
function isOf({ id }: Entry, wanted: string): boolean {
  return id === wanted || id.endsWith(`/${wanted}`);
}

function historyVerb(noun: Command, usage: string, description: string): Command {
  return noun
    .command(usage)
    .description(description)
    .option('--since <duration>', 'only what happened in the last 10m, 2h, 1d …');
}

function pathOf(kind: string, { since }: Options): string {
  if (since === undefined) return `/api/v1/history/${kind}`;
  const from = new Date(Date.now() - parseSeconds(since, '--since') * 1000);
  return `/api/v1/history/${kind}?since=${from.toISOString()}`;
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

function unknown(kind: string, name: string): OpsbroError {
  return new OpsbroError('OPSBRO_API_NOT_FOUND', `no ${kind.slice(0, -1)} '${name}'`);
}

function isCalled({ id, name }: Named, wanted: string): boolean {
  return id === wanted || name.toLowerCase() === wanted.toLowerCase();
}

function historyText(entries: Entry[], shared: ReadonlySet<string>, cli: CliContext): string {
  if (entries.length === 0) return cli.paint.dim('no changes');
  const colored = (text: string): string => paintState(cli.paint, text);
  return cli.table(
    [
      { title: 'WHEN', text: (entry) => entry.at },
      { title: 'NAME', text: ({ id, name }) => (shared.has(name) && id !== '' ? id : name) },
      { title: 'WAS', text: (entry) => entry.old_state, paint: colored },
      { title: 'IS', text: (entry) => entry.state, paint: colored },
      ...(entries.some(({ cause }) => cause !== undefined) ? [{ title: 'WHY', text: whyText }] : []),
      { title: 'LOG', text: (entry) => entry.log },
    ],
    entries,
  );
}

/** Why a check changed, and how sure that is. */
function whyText({ cause, hard, stale }: Entry): string {
  return `${cause ?? ''}${hard === false ? ' (soft)' : ''}${stale === true && cause !== 'late' ? ' (stale)' : ''}`;
}
