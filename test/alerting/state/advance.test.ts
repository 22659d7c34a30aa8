import { describe, expect, it } from 'vitest';
import {
  type CheckPolicy,
  type CheckState,
  type CheckStatus,
  type Observation,
  pendingStatus,
} from '../../../alerting/model.ts';
import { type Advanced, advance, renew } from '../../../alerting/state/advance.ts';
import { defaultPolicy } from '../default-policy.ts';

const three: CheckPolicy = { ...defaultPolicy, attempts: 3 };
const bad = ['warning', 'critical', 'unknown'] as const;
const verdicts = ['ok', ...bad] as const;

const found = (state: Observation['state'], more: Partial<Observation> = {}): Observation => ({
  state,
  output: state,
  ...more,
});
const late: Observation = { state: 'unknown', output: 'no result', late: 'run' };
const absent = found('unknown', { missing: ['collector.a'] });

/** A status that was reached at 100, hard unless it has fewer than three attempts. */
function at(state: CheckState, attempt: number): CheckStatus {
  if (state === 'pending') return { ...pendingStatus };
  const hard = state === 'ok' || attempt >= 3;
  return {
    ...pendingStatus,
    state,
    hard,
    attempt,
    output: state,
    since: 100,
    lastRun: 100,
    hardState: hard ? state : 'ok',
    hardSince: 100,
    problemSince: hard && state !== 'ok' ? 100 : null,
    episode: 1,
    pendingFor: hard ? null : 100,
  };
}

/** Every result of a life of observations one second apart. */
function life(
  policy: CheckPolicy,
  observations: (Observation | Observation['state'])[],
  from = pendingStatus,
) {
  let status: CheckStatus = from;
  return observations.map((each, index): Advanced => {
    const observation = typeof each === 'string' ? found(each) : each;
    const advanced = advance(status, observation, policy, (index + 1) * 1000);
    status = advanced.status;
    return advanced;
  });
}

const short = ({ status: { state, hard, attempt } }: Advanced): string =>
  `${state} ${hard ? 'hard' : 'soft'} ${attempt}`;

describe('a run of a check with three attempts', () => {
  const first = (state: string): [string, string, string] => [
    state,
    `${state} soft 1`,
    `run: pending>${state}`,
  ];
  const cells: [from: CheckState, attempt: number, ...[found: string, gives: string, changes: string]][] = [
    ['pending', 0, 'ok', 'ok hard 1', 'run: pending>ok'],
    ...bad.map((state): [CheckState, number, string, string, string] => ['pending', 0, ...first(state)]),
    ['ok', 1, 'ok', 'ok hard 1', ''],
    ...bad.map((state): [CheckState, number, string, string, string] => [
      'ok',
      1,
      state,
      `${state} soft 1`,
      `run: ok>${state}`,
    ]),
    ...bad.flatMap((from) =>
      [1, 2, 3].flatMap((attempt): [CheckState, number, string, string, string][] => [
        [from, attempt, 'ok', 'ok hard 1', `run: ${from}>ok`],
        ...bad.map((to): [CheckState, number, string, string, string] => {
          const hard = attempt >= 2;
          const gives = `${to} ${hard ? 'hard 3' : 'soft 2'}`;
          const same = attempt === 2 ? `attempts: ${to}>${to}` : '';
          return [from, attempt, to, gives, from === to ? same : `run: ${from}>${to}`];
        }),
      ]),
    ),
  ];

  it.each(cells)('%s after %i that finds %s is %s', (from, attempt, state, gives, changes) => {
    const before = at(from, attempt);
    const advanced = advance(before, found(state as Observation['state']), three, 200);
    expect(short(advanced)).toBe(gives);
    const told = advanced.changes.map(({ cause, oldState, state: now }) => `${cause}: ${oldState}>${now}`);
    expect(told.join()).toBe(changes);
    const { hardState, hardSince, problemSince, episode, since, lastRun } = advanced.status;
    const isHard = gives.includes('hard');
    expect(hardState).toBe(isHard ? state : before.hardState);
    expect(hardSince).toBe(hardState === before.hardState ? before.hardSince : 200);
    expect(episode).toBe(before.episode + (hardState === before.hardState ? 0 : 1));
    expect(problemSince === null).toBe(hardState === 'ok' || hardState === 'pending');
    expect([since, lastRun]).toEqual([from === state ? 100 : 200, 200]);
  });
});

describe('an observation without data or run', () => {
  const cells: [CheckPolicy['onMissing'], CheckState, number, Observation, string][] = (
    ['pending', ...verdicts] as const
  ).flatMap((from): [CheckPolicy['onMissing'], CheckState, number, Observation, string][] => {
    const attempts = from === 'pending' ? [0] : from === 'ok' ? [1] : [1, 2, 3];
    return attempts.flatMap(
      (attempt): [CheckPolicy['onMissing'], CheckState, number, Observation, string][] => {
        const next = from === 'pending' || from === 'ok' ? 1 : Math.min(attempt + 1, 3);
        const counted = `${next === 3 ? 'hard' : 'soft'} ${next}`;
        const kept = `${from} ${at(from, attempt).hard ? 'hard' : 'soft'} ${attempt}`;
        return [
          ['unknown', from, attempt, late, 'unknown hard 3'],
          ['critical', from, attempt, late, 'critical hard 3'],
          ['keep', from, attempt, late, kept],
          ['unknown', from, attempt, absent, `unknown ${counted}`],
          ['critical', from, attempt, absent, `critical ${counted}`],
          ['keep', from, attempt, absent, kept],
        ];
      },
    );
  });

  it.each(cells)(
    'with on_missing: %s, from %s after %i, %o gives %s',
    (onMissing, from, attempt, seen, gives) => {
      const advanced = advance(at(from, attempt), seen, { ...three, onMissing }, 200);
      expect(short(advanced)).toBe(gives);
      expect(advanced.status.stale).toBe(true);
      expect(advanced.changes).toMatchObject([
        { cause: seen.late === undefined ? 'missing' : 'late', stale: true },
      ]);
      expect(advanced.status.lastRun).toBe(seen.late === 'run' ? at(from, attempt).lastRun : 200);
    },
  );

  it('is told once, and what is fresh again is told', () => {
    const policy: CheckPolicy = { ...defaultPolicy, onMissing: 'keep' };
    const told = life(policy, ['ok', late, late, absent, 'ok', 'ok', absent]).map(({ changes, status }) => [
      status.state,
      status.stale,
      ...changes.map(({ cause }) => cause),
    ]);
    expect(told).toEqual([
      ['ok', false, 'run'],
      ['ok', true, 'late'],
      ['ok', true],
      ['ok', true],
      ['ok', false, 'fresh'],
      ['ok', false],
      ['ok', true, 'missing'],
    ]);
  });

  it('names what is absent and keeps the output of the state it keeps', () => {
    const [, kept] = life({ ...defaultPolicy, onMissing: 'keep' }, [
      found('ok', { output: 'all well' }),
      absent,
    ]);
    expect(kept?.status).toMatchObject({ output: 'all well', missing: ['collector.a'] });
  });

  it('judges a problem that lacks some value as it is', () => {
    const seen = found('critical', { missing: ['collector.a'] });
    expect(advance(at('ok', 1), seen, { ...three, onMissing: 'keep' }, 200).status).toMatchObject({
      state: 'critical',
      stale: false,
    });
  });

  it('leaves the window of flapping alone when it is late', () => {
    const [, , after] = life(defaultPolicy, ['ok', late, late]);
    expect(after?.status.flapping.history).toBe('');
  });
});

describe('for', () => {
  const held = (forMs: number, attempts: number, states: Observation['state'][]) =>
    life({ ...defaultPolicy, attempts, forMs }, states).map(short);

  it('keeps a state soft until it has held that long', () => {
    expect(held(2000, 1, ['critical', 'critical', 'critical', 'critical'])).toEqual([
      'critical soft 1',
      'critical soft 1',
      'critical hard 1',
      'critical hard 1',
    ]);
  });

  it('waits for the attempts too', () => {
    expect(held(1000, 3, ['critical', 'critical', 'critical'])).toEqual([
      'critical soft 1',
      'critical soft 2',
      'critical hard 3',
    ]);
  });

  it('goes on while one bad state follows another, and begins again after ok', () => {
    expect(held(2000, 1, ['warning', 'critical', 'ok', 'warning', 'unknown', 'warning'])).toEqual([
      'warning soft 1',
      'critical soft 1',
      'ok hard 1',
      'warning soft 1',
      'unknown soft 1',
      'warning hard 1',
    ]);
  });

  it('says which of both made it hard', () => {
    const cause = (policy: CheckPolicy) =>
      life(policy, ['ok', 'critical', 'critical', 'critical', 'critical']).flatMap(({ changes }) =>
        changes.filter(({ hardState }) => hardState === 'critical').map((each) => [each.cause, each.at]),
      );
    expect(cause({ ...defaultPolicy, attempts: 3, forMs: 1000 })).toEqual([['attempts', 4000]]);
    expect(cause({ ...defaultPolicy, attempts: 2, forMs: 3000 })).toEqual([['for', 5000]]);
  });

  it('is never negative when the clock was set back', () => {
    const policy: CheckPolicy = { ...defaultPolicy, forMs: 1000 };
    const first = advance(pendingStatus, found('critical'), policy, 50_000).status;
    const second = advance(first, found('critical'), policy, 10_000);
    expect(second.status).toMatchObject({ hard: false, since: 10_000, pendingFor: 10_000 });
    expect(second.nextRunMs).toBe(1000);
    const third = advance(second.status, found('critical'), policy, 11_000).status;
    expect(third).toMatchObject({ hard: true, since: 10_000, hardSince: 11_000, problemSince: 11_000 });
    const fourth = advance(third, late, policy, 5000).status;
    expect(fourth).toMatchObject({ problemSince: 5000, lastRun: 5000 });
  });
});

describe('the next run', () => {
  const next = (policy: Partial<CheckPolicy>, states: Observation['state'][]) =>
    life({ ...defaultPolicy, ...policy }, states).map(({ nextRunMs }) => nextRunMs);

  it('is wanted after retry_interval while a state is soft', () => {
    expect(
      next({ attempts: 3, retryIntervalMs: 10 }, ['ok', 'warning', 'critical', 'critical', 'ok']),
    ).toEqual([null, 10, 10, null, null]);
  });

  it('is as scheduled without one', () => {
    expect(next({ attempts: 2 }, ['critical', 'critical'])).toEqual([null, null]);
  });

  it('is wanted when only for is waited for, and it ends', () => {
    expect(next({ attempts: 2, forMs: 2500 }, ['critical', 'critical', 'critical', 'critical'])).toEqual([
      null,
      1500,
      500,
      null,
    ]);
    expect(next({ forMs: 2500, retryIntervalMs: 900 }, ['critical', 'critical', 'critical'])).toEqual([
      900, 900, 500,
    ]);
  });
});

describe('a volatile check', () => {
  it('has a problem of its own in every hard bad run', () => {
    const policy: CheckPolicy = { ...defaultPolicy, attempts: 2, volatile: true };
    const told = life(policy, ['ok', 'critical', 'critical', 'critical', 'warning', 'warning', 'ok', 'ok']);
    expect(told.map(({ status }) => status.episode)).toEqual([1, 1, 2, 3, 4, 5, 6, 6]);
    expect(told.map(({ changes }) => changes.map(({ cause }) => cause).join())).toEqual([
      'run',
      'run',
      'attempts',
      'volatile',
      'run',
      'volatile',
      'run',
      '',
    ]);
  });

  it('has none in a run that did not come', () => {
    const told = life({ ...defaultPolicy, volatile: true }, ['critical', late, late]);
    expect(told.map(({ status }) => status.episode)).toEqual([1, 2, 2]);
  });
});

describe('a check', () => {
  it('keeps what its last run printed', () => {
    const perfdata = [{ label: 'a', value: 1, unit: '', warn: null, crit: null, min: null, max: null }];
    const error = { code: 'OPSBRO_PLUGIN_FAILED', message: 'no' };
    const [, printed, silent] = life(defaultPolicy, [
      'ok',
      found('warning', { longOutput: 'more', perfdata, error }),
      'warning',
    ]);
    expect(printed?.status).toMatchObject({ output: 'warning', longOutput: 'more', perfdata, error });
    expect(silent?.status).toMatchObject({ longOutput: '', perfdata: [], error: null });
  });

  it('leaves the status it was given as it was', () => {
    const before = Object.freeze(at('critical', 2));
    const copy = structuredClone(before);
    advance(before, found('critical'), three, 50);
    expect(before).toEqual(copy);
  });

  it('that flaps tells so, beside the change of its state', () => {
    const states = Array.from({ length: 9 }, (_, index): Observation['state'] =>
      index % 2 ? 'critical' : 'ok',
    );
    const told = life(defaultPolicy, [...states, ...Array<Observation['state']>(20).fill('ok')]);
    const turns = told.flatMap(({ changes, status }, index) =>
      changes.some(({ cause }) => cause === 'flapping' || cause === 'steady')
        ? [[index, changes.map(({ cause }) => cause), status.flapping.is]]
        : [],
    );
    expect(turns).toEqual([
      [6, ['run', 'flapping'], true],
      [23, ['steady'], false],
    ]);
  });
});

describe('renew', () => {
  it.each(['ok', 'critical'] as const)('makes of a status that stays %s what advance makes', (state) => {
    const status = at(state, state === 'ok' ? 1 : 3);
    const observation = found(state, { output: 'again', longOutput: 'more' });
    const { status: expected } = advance(status, observation, three, 200);
    expect(renew(status, observation, three, 200)).toBe(true);
    expect(status).toEqual(expected);
    expect(status).toMatchObject({ output: 'again', longOutput: 'more', lastRun: 200, since: 100 });
  });

  it.each<[string, CheckStatus, Observation]>([
    ['another state', at('ok', 1), found('critical')],
    ['another attempt', at('critical', 1), found('critical')],
    ['data that is missing', at('unknown', 3), absent],
    ['a run that is late', at('unknown', 3), late],
    ['what was stale', { ...at('ok', 1), stale: true }, found('ok')],
    ['a check that never ran', at('pending', 0), found('ok')],
  ])('leaves %s to advance', (_, status, observation) => {
    const before = structuredClone(status);
    expect(renew(status, observation, three, 200)).toBe(false);
    expect(status).toEqual(before);
  });
});
