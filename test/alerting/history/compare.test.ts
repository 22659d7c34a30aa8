import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Comparison, compare } from '../../../alerting/history/compare.ts';
import { comparisonView } from '../../../alerting/history/compare-view.ts';
import type { RecordedChange, ReportedCheck } from '../../../alerting/history/report.ts';
import {
  type CheckPolicy,
  type CheckState,
  type CheckStatus,
  pendingStatus,
} from '../../../alerting/model.ts';
import { advance } from '../../../alerting/state/advance.ts';
import { defaultPolicy } from '../default-policy.ts';

type Runs = [at: number, state: 'ok' | 'warning' | 'critical' | 'unknown'][];

interface Life extends ReportedCheck {
  changes: RecordedChange[];
  /** The status after each run. */
  statuses: [at: number, status: CheckStatus][];
}

function life(id: string, runs: Runs, policy: Partial<CheckPolicy> = {}): Life {
  let status: CheckStatus = pendingStatus;
  const changes: RecordedChange[] = [];
  const statuses: Life['statuses'] = [];
  for (const [at, state] of runs) {
    const advanced = advance(status, { state, output: state }, { ...defaultPolicy, ...policy }, at);
    status = advanced.status;
    statuses.push([at, status]);
    changes.push(...advanced.changes.map((change) => ({ ...change, id })));
  }
  return { id, status, changes, statuses };
}

const span = { since: 0, until: 100, knownSince: null, gaps: [] };
const of = (left: Life, right: Life, more = {}): Comparison =>
  compare(
    [...left.changes, ...right.changes].sort((one, other) => one.at - other.at),
    left,
    right,
    { ...span, ...more },
  );

/** The same, millisecond by millisecond and told by told. */
function slowly(left: Life, right: Life, since: number, until: number): Comparison {
  const stateAt = ({ statuses }: Life, at: number): CheckState =>
    statuses.findLast(([moment]) => moment <= at)?.[1].hardState ?? 'pending';
  const disagreements: Comparison['disagreements'] = [];
  let comparedMs = 0;
  let agreedMs = 0;
  let first: number | undefined;
  for (let at = since; at < until; at += 1) {
    const [one, other] = [stateAt(left, at), stateAt(right, at)];
    if (one === 'pending' || other === 'pending') continue;
    comparedMs += 1;
    first ??= at;
    if (one === other) {
      agreedMs += 1;
      continue;
    }
    const last = disagreements.at(-1);
    if (last?.to === at && last.left === one && last.right === other) last.to += 1;
    else disagreements.push({ from: at, to: at + 1, left: one, right: other });
  }
  const agreementPercent = comparedMs === 0 ? null : (agreedMs / comparedMs) * 100;
  return {
    ...{ comparedMs, agreedMs, agreementPercent, disagreements },
    left: toldOf(left, since, until, first),
    right: toldOf(right, since, until, first),
  };
}

/** What a handler that is told by state and episode hears; of a comparison that begins within the span, one that is new then. */
function toldOf(
  { statuses }: Life,
  since: number,
  until: number,
  first: number | undefined,
): { problems: number; recoveries: number } {
  const heard = { problems: 0, recoveries: 0 };
  if (first === undefined) return heard;
  const held = statuses.findLast(([moment]) => moment <= first)?.[1].hardState;
  if (first > since && held !== undefined && held !== 'ok' && held !== 'pending') heard.problems += 1;
  let told = 'ok';
  for (const [at, { hardState, episode }] of statuses) {
    const isInside = (first > since ? at > first : at >= since) && at <= until;
    const now = hardState === 'ok' || hardState === 'pending' ? 'ok' : `${hardState} ${episode}`;
    if (now !== told && isInside) heard[now === 'ok' ? 'recoveries' : 'problems'] += 1;
    told = now;
  }
  return heard;
}

describe('a comparison', () => {
  it('tells where two checks disagreed, for how long, and what each would have told', () => {
    const strict = life('a', [
      [10, 'ok'],
      [20, 'warning'],
      [40, 'critical'],
      [60, 'ok'],
    ]);
    const lax = life('b', [
      [0, 'ok'],
      [40, 'critical'],
      [80, 'ok'],
    ]);
    expect(of(strict, lax)).toEqual({
      comparedMs: 90,
      agreedMs: 50,
      agreementPercent: (50 / 90) * 100,
      disagreements: [
        { from: 20, to: 40, left: 'warning', right: 'ok' },
        { from: 60, to: 80, left: 'ok', right: 'critical' },
      ],
      left: { problems: 2, recoveries: 1 },
      right: { problems: 1, recoveries: 1 },
    });
  });

  it('counts what each would have told of the time in which both had a state', () => {
    const turns: Runs = Array.from({ length: 9 }, (_, at) => [at * 10, at % 2 === 0 ? 'critical' : 'ok']);
    const young = life('b', [
      [65, 'critical'],
      [70, 'ok'],
    ]);
    expect(of(life('a', turns), young)).toMatchObject({
      comparedMs: 35,
      left: { problems: 2, recoveries: 1 },
      right: { problems: 1, recoveries: 1 },
    });
  });

  it('compares nothing while one of them has no state, or of a time that is no longer known', () => {
    const [one, never] = [life('a', [[10, 'ok']]), life('b', [])];
    expect(of(one, never)).toMatchObject({ comparedMs: 0, agreementPercent: null, disagreements: [] });
    expect(of(one, life('b', [[10, 'ok']]), { knownSince: 90 })).toMatchObject({
      comparedMs: 10,
      agreementPercent: 100,
    });
  });

  it('counts what begins flapping once', () => {
    const runs = Array.from({ length: 30 }, (_, at): Runs[number] => [at, at % 2 === 0 ? 'ok' : 'critical']);
    expect(of(life('a', runs), life('b', [[0, 'ok']])).left).toEqual({ problems: 15, recoveries: 14 });
  });

  it('is what a walk by milliseconds finds', () => {
    const state = fc.constantFrom('ok', 'warning', 'critical', 'unknown') as fc.Arbitrary<Runs[number][1]>;
    const lived = fc.record({
      runs: fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), state), { maxLength: 25 }),
      attempts: fc.integer({ min: 1, max: 3 }),
      forMs: fc.constantFrom(0, 10),
      volatile: fc.boolean(),
    });
    fc.assert(
      fc.property(lived, lived, fc.nat(60), fc.nat(150), (left, right, since, length) => {
        const [one, other] = [left, right].map(({ runs, ...policy }, index) => {
          let at = 0;
          const moments = runs.map(([pause, found]): Runs[number] => {
            at += pause;
            return [at, found];
          });
          return life(String(index), moments, policy);
        }) as [Life, Life];
        // The present is not before the last run.
        const last = Math.max(0, ...[one, other].flatMap(({ statuses }) => statuses.map(([at]) => at)));
        const until = Math.max(last, since + length);
        expect(of(one, other, { since, until })).toEqual(slowly(one, other, since, until));
      }),
      { numRuns: 500 },
    );
  });

  it('is shown with times as text and lengths in seconds', () => {
    const named = (one: Life, name: string) => ({ ...one, name, shadow: name === 'b' });
    const left = named(life('p/check/a', [[0, 'ok']]), 'a');
    const right = named(life('p/check/b', [[0, 'warning']]), 'b');
    const changes = [...left.changes, ...right.changes];
    expect(comparisonView(changes, left, right, { since: 0, until: 2000, knownSince: 5, gaps: [] })).toEqual({
      since: '1970-01-01T00:00:00.000Z',
      until: '1970-01-01T00:00:02.000Z',
      known_since: '1970-01-01T00:00:00.005Z',
      left: {
        ...{ id: 'p/check/a', name: 'a', state: 'ok', shadow: false },
        notifications: { problems: 0, recoveries: 0 },
      },
      right: {
        ...{ id: 'p/check/b', name: 'b', state: 'warning', shadow: true },
        notifications: { problems: 1, recoveries: 0 },
      },
      compared_seconds: 1.995,
      agreed_seconds: 0,
      agreement_percent: 0,
      disagreed: 1,
      disagreements: [
        {
          from: '1970-01-01T00:00:00.005Z',
          to: '1970-01-01T00:00:02.000Z',
          seconds: 1.995,
          left: 'ok',
          right: 'warning',
        },
      ],
    });
  });
});
