import type { CheckPolicy, CheckState, Observation } from '../../../alerting/model.ts';

/** An observation and its moment. */
export interface Seen {
  at: number;
  observation: Observation;
}

/** What the model says of a check after a whole life. */
export interface Modelled {
  state: CheckState;
  hard: boolean;
  attempt: number;
  since: number | null;
  stale: boolean;
  lastRun: number | null;
  hardState: CheckState;
  oldHardState: CheckState;
  hardSince: number | null;
  problemSince: number | null;
  episode: number;
  pendingFor: number | null;
  isFlapping: boolean;
}

interface Judged {
  at: number;
  state: CheckState;
  late: boolean;
  /** Where it stands among all that was seen. */
  index: number;
}

const nothing = { at: 0, state: 'pending', late: false, index: -1 } as const;

/**
 * The same rules as `advance`, told from the whole list each time and in other words: a hard state is looked for in the last unbroken
 * row of bad results, counts are counts over all beginnings of the list. Slow on purpose, and without memory.
 */
export function modelOf(life: readonly Seen[], policy: CheckPolicy): Modelled {
  const judged = judgedOf(life, policy);
  const last = judged.at(-1) ?? nothing;
  const final = life.at(-1)?.observation;
  const { hardFrom, row } = badRow(life, judged, policy);
  const hard = row.length === 0 || hardFrom < row.length;
  const hardStates = judged.map((_, index) => hardStateOf(life, judged.slice(0, index + 1), policy));
  const hardState = hardStates.at(-1) ?? 'pending';
  const hardSince = lastOf(hardStates, (state, index) => state !== (hardStates[index - 1] ?? 'pending'));
  const good = lastOf(hardStates, (state) => !isBad(state));
  const firstBad = hardStates.findIndex((state, index) => index > good && isBad(state));
  const changed = lastOf(judged, ({ state }, index) => state !== (judged[index - 1]?.state ?? 'pending'));
  return {
    state: last.state,
    hard,
    attempt: attemptOf(last.state, hard, row.length, policy),
    since: momentOf(life, judged[changed]),
    stale: final !== undefined && isMissing(final),
    lastRun: momentOf(life, runOf(life)),
    hardState,
    oldHardState: hardStates[hardSince - 1] ?? 'pending',
    hardSince: momentOf(life, judged[hardSince]),
    problemSince: isBad(hardState) ? momentOf(life, judged[firstBad]) : null,
    episode: hardStates.filter((state, index) => {
      const again = policy.volatile && !judged[index]?.late && state === judged[index]?.state && isBad(state);
      const isHard = hardOf(life, judged.slice(0, index + 1), policy);
      return state !== (hardStates[index - 1] ?? 'pending') || (again && isHard);
    }).length,
    pendingFor: hard ? null : momentOf(life, row[0]),
    isFlapping: isFlapping(bitsOf(judged), policy),
  };
}

function isMissing({ late, missing = [], state }: Observation): boolean {
  return late !== undefined || (state === 'unknown' && missing.length > 0);
}

function isBad(state: CheckState): boolean {
  return ['warning', 'critical', 'unknown'].includes(state);
}

function judgedOf(life: readonly Seen[], { onMissing }: CheckPolicy): Judged[] {
  return life.flatMap(({ at, observation }, index) => {
    const missing = isMissing(observation);
    if (missing && onMissing === 'keep') return [];
    const state = missing && onMissing !== 'keep' ? onMissing : observation.state;
    return [{ at, state, late: observation.late !== undefined, index }];
  });
}

/** The bad results at the end, and from which of them on they are hard. */
function badRow(life: readonly Seen[], judged: readonly Judged[], policy: CheckPolicy) {
  const before = lastOf(judged, ({ state }) => !isBad(state));
  const row = judged.slice(before + 1);
  const found = row.findIndex(({ at, late }, index) => {
    if (late) return true;
    const from = Math.min(...between(life, row[0], row[index]).map((seen) => seen.at));
    return index + 1 >= policy.attempts && at - from >= policy.forMs;
  });
  return { row, hardFrom: found < 0 ? row.length : found };
}

function hardOf(life: readonly Seen[], judged: readonly Judged[], policy: CheckPolicy): boolean {
  const { row, hardFrom } = badRow(life, judged, policy);
  return row.length === 0 || hardFrom < row.length;
}

function hardStateOf(life: readonly Seen[], judged: readonly Judged[], policy: CheckPolicy): CheckState {
  if (hardOf(life, judged, policy)) return judged.at(-1)?.state ?? 'pending';
  const { row } = badRow(life, judged, policy);
  return judged[judged.length - row.length - 1]?.state ?? 'pending';
}

function attemptOf(state: CheckState, hard: boolean, length: number, { attempts }: CheckPolicy): number {
  if (state === 'pending') return 0;
  if (state === 'ok') return 1;
  return hard ? attempts : Math.min(length, attempts);
}

function runOf(life: readonly Seen[]): { index: number } | undefined {
  const index = lastOf(life, ({ observation }) => observation.late !== 'run');
  return index < 0 ? undefined : { index };
}

/** When something was, at most any later moment: the clock may have been set back. */
function momentOf(life: readonly Seen[], mark: { index: number } | undefined): number | null {
  if (mark === undefined) return null;
  return Math.min(...life.slice(mark.index).map(({ at }) => at));
}

function between(life: readonly Seen[], from: Judged | undefined, to: Judged | undefined): readonly Seen[] {
  return life.slice(from?.index ?? 0, (to?.index ?? 0) + 1);
}

function bitsOf(judged: readonly Judged[]): boolean[] {
  return judged.flatMap(({ state, late }, index) => {
    const before = judged[index - 1];
    return late || before === undefined ? [] : [before.state !== state];
  });
}

function isFlapping(bits: readonly boolean[], policy: CheckPolicy): boolean {
  const { enabled, high, low } = policy.flapping;
  if (!enabled || bits.length === 0) return false;
  const newestFirst = bits.slice(-20).reverse();
  const weights = newestFirst.map((changed, age) => (changed ? 1.2 - (0.4 * age) / 19 : 0));
  const percent = (100 * weights.reduce((sum, weight) => sum + weight, 0)) / 20;
  if (percent > high) return true;
  return percent >= low && isFlapping(bits.slice(0, -1), policy);
}

function lastOf<Item>(items: readonly Item[], is: (item: Item, index: number) => boolean): number {
  for (let index = items.length - 1; index >= 0; index -= 1)
    if (is(items[index] as Item, index)) return index;
  return -1;
}
