import type { CheckObject, ConfigPlan } from '../configuration/model.ts';
import type { Loaded } from '../configuration/offline.ts';
import { systemClock } from '../core/clock.ts';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import type { ReplaysView } from '../replay/model.ts';
import { replay, StoredHistory } from '../replay/replay.ts';
import type { CliContext } from './context.ts';
import { openConfigured } from './offline-configuration.ts';
import { formatSeconds, parseMoment, parseSeconds } from './quantities.ts';
import { isFile, readWithFile, type WithFile } from './replay-file.ts';
import { gather, noHistory, type ReplayTime, withTold } from './replay-request.ts';
import { replayText } from './replay-text.ts';

/** A history that begins so soon after the time that was asked for is all of it. */
const shortMs = 60_000;

/** What time is to be replayed, as it was typed. */
export interface ReplayOptions {
  since: string;
  until?: string;
}

/** Replays the checks of a file, or one by its name, and prints what they would have found. */
export async function replayTarget(cli: CliContext, target: string, options: ReplayOptions): Promise<void> {
  const now = Date.now();
  const until = options.until === undefined ? now : parseMoment(options.until, '--until', now);
  const time = replayTime(parseSeconds(options.since, '--since'), until, now);
  const offline = await openConfigured(cli);
  const { loaded, ids, over } = isFile(target)
    ? await readWithFile(offline, target)
    : named(offline.configuration.read(offline.directories), target);
  if (over !== null)
    cli.note(
      `${target} is taken as a change of ${ids.join(', ')}; to be one, it must lie in a folder '${over}' of a configuration directory`,
    );
  const view = await replayChecks(cli, loaded, ids, time);
  cli.show(view, () => replaysText(cli, view));
  if (view.checks.every(({ refused }) => refused !== null)) cli.exitCode = 1;
}

/** Replays the checks that a plan starts or restarts, up to now. */
export async function replayPlan(
  cli: CliContext,
  loaded: Loaded,
  { start, restart }: Pick<ConfigPlan, 'start' | 'restart'>,
  since: string,
): Promise<ReplaysView> {
  const now = Date.now();
  const ids = [...start, ...restart].flatMap(({ kind, id }) => (kind === 'check' ? [id] : []));
  return replayChecks(cli, loaded, ids, replayTime(parseSeconds(since, '--replay'), now, now));
}

/** The time to replay; throws OPSBRO_CLI_USAGE for none. */
function replayTime(seconds: number, until: number, now: number): ReplayTime {
  if (seconds <= 0)
    throw new OpsbroError('OPSBRO_CLI_USAGE', 'there is nothing to replay in no time; write 7d');
  // Whole seconds, as the store has them.
  const end = Math.floor(until / 1000) * 1000;
  return { since: Math.max(0, end - Math.round(seconds) * 1000), until: end, now };
}

/** Replays checks of a configuration. Tells people on a terminal how far it has come. */
async function replayChecks(
  cli: CliContext,
  loaded: Loaded,
  ids: readonly string[],
  time: ReplayTime,
): Promise<ReplaysView> {
  const { request, store } = await gather(cli, loaded, ids, time);
  const history = new StoredHistory(store.folder, store.files);
  if (!history.exists) throw noHistory(history.files);
  const { stderr } = cli.process;
  const showsProgress = stderr.isTTY === true && !cli.options().json;
  let shown = '';
  const progress = (share: number): void => {
    const text = `replayed ${Math.min(99, Math.floor(share * 100))} %`;
    if (!showsProgress || text === shown) return;
    shown = text;
    stderr.write(`\r${text}`);
  };
  try {
    return await replay(await withTold(cli, request), { history, clock: systemClock, progress });
  } finally {
    if (shown !== '') stderr.write(`\r${' '.repeat(shown.length)}\r`);
  }
}

/** What is printed of replays. */
export function replaysText(cli: CliContext, view: ReplaysView): string {
  const { since, until, checks } = view;
  const lines = [`${since} to ${until}, at the resolution that is stored`, ...historyLines(view)];
  const head = lines.map((line) => cli.paint.dim(line)).join('\n');
  if (checks.length === 0)
    return `${head}\nno checks to replay: the plan changes none. A running agent has taken up what was saved in its directories; name\nthese and one that it does not have: --config my.d --config new`;
  return [head, ...checks.map((check) => replayText(cli, check))].join('\n\n');
}

/** What is stored, where that is not all of the time. */
function historyLines({ since, until, history }: ReplaysView): string[] {
  if (history === null) return ['nothing is stored of this node'];
  const [begin, end] = [Date.parse(since), Date.parse(until)];
  const [from, last] = [Date.parse(history.from), Date.parse(history.until)];
  if (last <= begin || from >= end)
    return [
      `what is stored of this node is of ${history.from} to ${history.until}: none of it is of this time`,
    ];
  if (from - begin <= shortMs) return [];
  const rest = formatSeconds((Math.min(last, end) - from) / 1000);
  return [
    `what is stored of this node begins at ${history.from}: the replay runs over the ${rest} since then`,
  ];
}

function named(loaded: Loaded, name: string): WithFile {
  const checks = loaded.objects.filter((object): object is CheckObject => object.kind === 'check');
  const exact = checks.filter(({ id }) => id === name);
  const lower = name.toLowerCase();
  const found =
    exact.length > 0
      ? exact
      : checks.filter((one) => one.name === name || one.displayName.toLowerCase() === lower);
  const [one] = found;
  if (one !== undefined && found.length === 1) return { loaded, ids: [one.id], over: null };
  if (one !== undefined)
    throw new OpsbroError(
      'OPSBRO_API_NOT_FOUND',
      `several checks are called '${name}': ${found.map(({ id }) => id).join(', ')}`,
    );
  const meant = nearest(
    name,
    checks.flatMap(({ id, name: own }) => [id, own]),
  );
  const advice = meant === undefined ? "'opsbro checks list' shows all" : `did you mean '${meant}'?`;
  throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no check '${name}' is configured; ${advice}`);
}
