import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { JsonObject } from 'opsbro/sdk';
import type { DowntimeView, SilenceView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { type LiveNoun, orSuggest } from './live-names.ts';
import { formatCount } from './quantities.ts';
import { plain } from './table.ts';

/** Options of every verb that changes what is held back. */
export interface ByOptions {
  by?: string;
  comment?: string;
}

/** Adds `--by`, and to a verb that adds something `--comment`. */
export function byOptions(verb: Command, withComment: boolean): Command {
  if (withComment) verb.option('--comment <text>', 'why; shown to whoever asks');
  return verb.option('--by <name>', 'who; by default the user of this shell');
}

/** The name of who acts. */
export function actor(cli: CliContext, { by }: ByOptions): string {
  const { USER, LOGNAME } = cli.process.env;
  return by || USER || LOGNAME || loginName();
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user that its system does not know.
    return 'unknown';
  }
}

/** Asks the agent to add something; what it refuses is wrong usage. */
export async function add<View>(cli: CliContext, path: string, keys: JsonObject): Promise<View> {
  try {
    return await (await cli.agent()).request<View>('POST', `/api/v1/${path}`, keys);
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_INVALID') throw error;
    throw new OpsbroError('OPSBRO_CLI_USAGE', error.message, { cause: error });
  }
}

/**
 * Adds a downtime or silence, and prints which checks it matches; a warning when there are none. Throws OPSBRO_API_NOT_FOUND with the nearest
 * name for a plain name of no check.
 */
export async function addMatching<View extends DowntimeView | SilenceView>(
  cli: CliContext,
  path: 'downtimes' | 'silences',
  match: string[],
  keys: JsonObject,
  text: (made: View) => string,
): Promise<void> {
  const made = await orSuggest(await cli.agent(), 'checks', match, () => add<View>(cli, path, keys));
  cli.show(made, () => `${text(made)}\n${matchedText(made)}`);
  if (made.checks.count === 0)
    cli.note(cli.paint.yellow(`warning: no check fits ${match.map(plain).join(' and ')} yet`));
}

function matchedText({ checks: { count, first }, match }: DowntimeView | SilenceView): string {
  const states = match.filter((one) => /^state[=!]/.test(one)).map(plain);
  const condition = states.length === 0 ? '' : `, while ${states.join(' and ')}`;
  const names = count === 0 ? '' : `: ${first.map(plain).join(', ')}${count > first.length ? ', …' : ''}`;
  return `matches ${formatCount(count, 'check')}${names}${condition}`;
}

/** Adds `remove NAME…`, which takes each away, and fails when one does not exist. */
export function addRemove(noun: Command, cli: CliContext, path: LiveNoun, word: string): void {
  const verb = noun.command(`remove <${word}...>`).description(`take away; nothing of it holds from now on`);
  byOptions(verb, false).action(async (ids: string[], options: ByOptions) => {
    const client = await cli.agent();
    const by = encodeURIComponent(actor(cli, options));
    const removed: string[] = [];
    for (const id of ids) {
      const { removed: name } = await orSuggest(client, path, id, () =>
        client.request<{ removed: string }>('DELETE', `/api/v1/${path}/${encodeURIComponent(id)}?by=${by}`),
      );
      removed.push(name);
    }
    cli.show({ removed }, () => removed.map((id) => `removed ${plain(id)}`).join('\n'));
  });
}

/** The keys that were given: an option that was left out is no key. */
export function givenKeys(options: { [key: string]: string | string[] | boolean | undefined }): JsonObject {
  return Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
