import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RecordedChange, type ReportSpan, report } from '../../../alerting/history/report.ts';
import {
  type CheckPolicy,
  type CheckState,
  type CheckStatus,
  type Observation,
  pendingStatus,
} from '../../../alerting/model.ts';
import { advance, removal } from '../../../alerting/state/advance.ts';
import { defaultPolicy } from '../default-policy.ts';

const id = 'a/check/disk';
const span: ReportSpan = { since: 0, until: 100, knownSince: null, gaps: [] };

interface Life {
  changes: RecordedChange[];
  status: CheckStatus;
}

/** What a check's history holds after these runs. */
function life(
  runs: [at: number, state: Observation['state'], late?: 'run'][],
  policy: Partial<CheckPolicy> = {},
): Life {
  let status: CheckStatus = pendingStatus;
  const changes = runs.flatMap(([at, state, late]) => {
    const observation: Observation = { state, output: state, ...(late && { late }) };
    const advanced = advance(status, observation, { ...defaultPolicy, ...policy }, at);
    status = advanced.status;
    return advanced.changes.map((change) => ({ ...change, id }));
  });
  return { changes, status };
}

const of = ({ changes, status }: Life, more: Partial<ReportSpan> = {}) =>
  report(changes, [{ id, status }], { ...span, ...more })[0];

const times = (states: Partial<{ [state in CheckState]: number }>) => ({
  pending: 0,
  ok: 0,
  warning: 0,
  critical: 0,
  unknown: 0,
  ...states,
});

describe('a report', () => {
  const told = life([
    [10, 'ok'],
    [30, 'warning'],
    [40, 'critical'],
    [60, 'ok'],
    [70, 'critical'],
    [80, 'ok'],
  ]);

  it('tells time in each state, problems and the mean time to repair', () => {
    expect(of(told)).toEqual({
      id,
      stateMs: times({ pending: 10, ok: 50, warning: 10, critical: 30 }),
      staleMs: 0,
      unmonitoredMs: 0,
      okPercent: (50 / 90) * 100,
      problems: 2,
      mttrMs: 20,
      changes: 6,
    });
  });

  it('cuts off what is outside of its span, but not how long a problem lasted', () => {
    expect(of(told, { since: 50, until: 75 })).toEqual({
      id,
      stateMs: times({ ok: 10, critical: 15 }),
      staleMs: 0,
      unmonitoredMs: 0,
      okPercent: 40,
      problems: 1,
      mttrMs: 30,
      changes: 2,
    });
  });

  it.each([25, 30])(
    'counts a problem once with which the check begins flapping, above %i percent',
    (high) => {
      const runs = Array.from({ length: 20 }, (_, at): [number, 'ok' | 'critical'] => [
        at,
        at % 2 === 0 ? 'ok' : 'critical',
      ]);
      const lived = life(runs, { flapping: { enabled: true, high, low: 20 } });
      expect(lived.changes.map(({ cause }) => cause)).toContain('flapping');
      expect(of(lived)?.problems).toBe(10);
    },
  );

  it('counts hard states, so a soft one costs nothing', () => {
    const soft = life(
      [
        [10, 'ok'],
        [20, 'critical'],
        [30, 'ok'],
      ],
      { attempts: 3 },
    );
    expect(of(soft)).toMatchObject({
      stateMs: times({ pending: 10, ok: 90 }),
      problems: 0,
      mttrMs: null,
      changes: 3,
    });
  });

  it('counts the time in which no agent looked for no state', () => {
    const gaps = [
      { from: 5, to: 20 },
      { from: 45, to: 55 },
      { from: 90, to: 95 },
    ];
    expect(of(told, { gaps })).toMatchObject({
      stateMs: times({ pending: 5, ok: 50 - 10 - 5, warning: 10, critical: 30 - 10 }),
      unmonitoredMs: 30,
      okPercent: (35 / 65) * 100,
      problems: 2,
    });
    expect(of(told, { gaps, since: 50, until: 92 })).toMatchObject({ unmonitoredMs: 5 + 2 });
  });

  it('counts the time without fresh data apart', () => {
    const late = life(
      [
        [0, 'ok'],
        [40, 'unknown', 'run'],
        [70, 'ok'],
      ],
      { onMissing: 'keep' },
    );
    expect(of(late)).toMatchObject({ stateMs: times({ ok: 100 }), staleMs: 30, okPercent: 100 });
  });

  it('says nothing of the time before a history that was cut off', () => {
    const [, , ...rest] = told.changes;
    expect(of({ ...told, changes: rest }, { knownSince: 35 })).toMatchObject({
      stateMs: times({ ok: 30, warning: 5, critical: 30 }),
      // Nobody knows when the problem that ended at 60 began.
      mttrMs: 10,
    });
  });

  it('takes the state of a check that never changed from its status', () => {
    expect(of({ changes: [], status: { ...told.status, hardSince: -50 } })).toMatchObject({
      stateMs: times({ ok: 100 }),
    });
    expect(of({ changes: [], status: { ...told.status, hardSince: 60 } })).toMatchObject({
      stateMs: times({ pending: 60, ok: 40 }),
    });
    expect(of({ changes: [], status: pendingStatus })).toMatchObject({
      stateMs: times({ pending: 100 }),
      okPercent: null,
    });
  });

  it('takes the end of a check for neither a repair nor its last state', () => {
    const { changes, status } = life([[10, 'critical']]);
    const gone = { ...removal(status, 40), id };
    const [again] = life([[70, 'ok']]).changes;
    expect(of({ changes: [...changes, gone, { ...again, id } as RecordedChange], status })).toMatchObject({
      stateMs: times({ pending: 40, critical: 30, ok: 30 }),
      problems: 1,
      mttrMs: null,
    });
  });

  it('survives a clock that was set back', () => {
    const back = life([
      [500, 'ok'],
      [900, 'critical'],
      [50, 'ok'],
    ]);
    expect(of(back)).toMatchObject({ stateMs: times({ pending: 50, ok: 50 }), problems: 1, mttrMs: 0 });
  });

  it('holds each check by itself, in the order asked for', () => {
    const other = 'b/check/load';
    const found = report(
      told.changes,
      [
        { id: other, status: pendingStatus },
        { id, status: told.status },
      ],
      span,
    );
    expect(found.map((one) => [one.id, one.problems])).toEqual([
      [other, 0],
      [id, 2],
    ]);
  });
});

it('accounts for every moment of its span, whatever happened', () => {
  const states = fc.constantFrom<Observation['state']>('ok', 'warning', 'critical', 'unknown');
  const runs = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 120 }), states, fc.constantFrom(undefined, 'run' as const)),
    {
      maxLength: 20,
    },
  );
  fc.assert(
    fc.property(
      runs,
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 99 }),
      (given, attempts, since) => {
        const found = of(life(given, { attempts }), { since });
        const total = Object.values(found?.stateMs ?? {}).reduce((sum, ms) => sum + ms, 0);
        expect(total).toBe(100 - since);
        expect(found?.mttrMs ?? 0).toBeGreaterThanOrEqual(0);
        expect(found?.staleMs).toBeLessThanOrEqual(total);
      },
    ),
  );
});
