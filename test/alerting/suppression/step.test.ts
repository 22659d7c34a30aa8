import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckFacts, SuppressionEvent, SuppressionTables } from '../../../alerting/suppression/model.ts';
import { step } from '../../../alerting/suppression/step.ts';
import { nextChangeAt, suppressionsOf } from '../../../alerting/suppression/suppressions.ts';
import { acknowledgement, check, downtime, silence, tables, time } from './facts.ts';

const hourMs = 3_600_000;

/** Steps through times, and says what happened at each: `10:00 started began`. */
function play(given: SuppressionTables, script: [at: string, checks: CheckFacts[]][]) {
  let now = given;
  const told: string[] = [];
  for (const [at, checks] of script) {
    const next = step(now, checks, time(at));
    told.push(...next.events.map((event) => `${at} ${text(event)}`));
    now = next.tables;
  }
  return { told, tables: now };
}

function text({ kind, change, cause, at, until }: SuppressionEvent): string {
  const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
  return `${kind} ${change} ${cause} ${clock(at)}${until === null ? '' : `-${clock(until)}`}`;
}

const bad = [check('disk')];
const good = [check('disk', { state: 'ok' })];

describe('a step', () => {
  it('starts and ends a downtime once, then forgets it', () => {
    const played = play(tables({ downtime: downtime() }), [
      ['09:00', good],
      ['10:01', good],
      ['10:02', bad],
      ['12:00', bad],
      ['12:01', bad],
    ]);
    expect(played.told).toEqual([
      '10:01 downtime started began 10:00-12:00',
      '12:00 downtime ended expired 12:00',
    ]);
    expect(played.tables.downtimes.size).toBe(0);
  });

  it('ends what ended while nobody looked, at its time', () => {
    const current = { start: time('10:00'), end: time('12:00') };
    const running = downtime({ current, usedWindow: time('10:00') });
    expect(play(tables({ downtime: running }), [['15:00', bad]]).told).toEqual([
      '15:00 downtime ended expired 12:00',
    ]);
  });

  it('forgets a downtime whose whole time passed while nobody looked', () => {
    const played = play(tables({ downtime: downtime() }), [['15:00', bad]]);
    expect(played).toEqual({ told: [], tables: tables() });
  });

  it('starts a flexible downtime with the first problem, and lets it last beyond the window', () => {
    const played = play(tables({ downtime: downtime({ flexibleMs: hourMs }) }), [
      ['10:30', good],
      ['11:30', bad],
      ['11:45', good],
      ['12:15', bad],
      ['12:30', bad],
    ]);
    expect(played.told).toEqual([
      '11:30 downtime started problem 11:30-12:30',
      '12:30 downtime ended expired 12:30',
    ]);
    expect(played.tables.downtimes.size).toBe(0);
  });

  it('forgets a flexible downtime that no problem started', () => {
    expect(play(tables({ downtime: downtime({ flexibleMs: hourMs }) }), [['12:00', bad]]).tables).toEqual(
      tables(),
    );
  });

  it('starts a recurring downtime in each window, a flexible one once in each', () => {
    const schedule = { type: 'cron', cron: '0 */2 * * *', durationMs: hourMs, timezone: 'UTC' } as const;
    const script: [string, CheckFacts[]][] = ['10:10', '10:20', '10:50', '11:00', '12:30'].map((at) => [
      at,
      bad,
    ]);
    expect(play(tables({ downtime: downtime({ schedule }) }), script).told).toEqual([
      '10:10 downtime started began 10:00-11:00',
      '11:00 downtime ended expired 11:00',
      '12:30 downtime started began 12:00-13:00',
    ]);
    const flexible = downtime({ schedule, flexibleMs: hourMs / 6 });
    expect(play(tables({ downtime: flexible }), script).told).toEqual([
      '10:10 downtime started problem 10:10-10:20',
      '10:20 downtime ended expired 10:20',
      '12:30 downtime started problem 12:30-12:40',
    ]);
  });

  it('keeps a downtime of a file when it is over, and does not start it again', () => {
    const given = tables({ downtime: downtime({ origin: 'configuration' }) });
    const played = play(given, [
      ['10:00', bad],
      ['12:00', bad],
      ['12:01', bad],
    ]);
    expect(played.told).toHaveLength(2);
    expect([...played.tables.downtimes.keys()]).toEqual(['work']);
  });

  it.each([
    ['a recovery', {}, good, ['11:00 acknowledgement ended recovered 11:00']],
    ['a worse state', { state: 'warning' }, bad, ['11:00 acknowledgement ended worsened 11:00']],
    ['its time', { until: time('11:00') }, bad, ['11:00 acknowledgement ended expired 11:00']],
    ['the end of its check', {}, [], ['11:00 acknowledgement ended removed 11:00']],
    ['nothing', {}, bad, []],
  ] as const)('ends an acknowledgement by %s', (_, facts, checks, told) => {
    const given = tables({ acknowledgement: acknowledgement(facts) });
    const played = play(given, [['11:00', [...checks]]]);
    expect(played.told).toEqual(told);
    expect(played.tables.acknowledgements.size).toBe(told.length === 0 ? 1 : 0);
  });

  it('ends a silence until resolved when nothing it matches has a problem, whatever the state', () => {
    const given = tables({
      silence: silence({ match: ['pack=linux', 'state=warning'], untilResolved: true }),
    });
    const memory = (state: CheckFacts['state']): CheckFacts => check('memory', { state });
    const told = play(given, [
      ['10:01', [...bad, memory('ok')]],
      ['10:02', [...good, memory('unknown')]],
      ['10:03', [...good, memory('pending')]],
      ['10:04', [...good, memory('ok')]],
    ]).told;
    expect(told).toEqual(['10:04 silence ended resolved 10:04']);
  });

  it('ends a silence until resolved when its checks are gone', () => {
    const given = tables({ silence: silence({ untilResolved: true }) });
    expect(play(given, [['10:01', [check('memory')]]]).told).toEqual(['10:01 silence ended resolved 10:01']);
  });

  it('ends what is of a check that does not run here any more, but not what a file says of those to come', () => {
    const idle = [check('disk', { state: 'pending', isIdle: true })];
    const given = tables(
      { acknowledgement: acknowledgement() },
      { silence: silence({ untilResolved: true }) },
      { silence: silence({ id: 'of-a-file', origin: 'configuration', untilResolved: true }) },
    );
    expect(play(given, [['10:01', idle]]).told).toEqual([
      '10:01 acknowledgement ended removed 10:01',
      '10:01 silence ended resolved 10:01',
    ]);
    expect(step(given, idle, time('10:01'), false).events).toEqual([]);
  });

  it('ends a silence at its time, though it is not resolved', () => {
    const given = tables({ silence: silence({ until: time('11:00'), untilResolved: true }) });
    expect(
      play(given, [
        ['10:59', bad],
        ['11:00', bad],
      ]).told,
    ).toEqual(['11:00 silence ended expired 11:00']);
  });

  it('keeps a silence of a file when it is over, and does not end it again', () => {
    const given = tables({ silence: silence({ until: time('11:00'), origin: 'configuration' }) });
    const played = play(given, [
      ['11:00', bad],
      ['11:01', bad],
    ]);
    expect(played.told).toEqual(['11:00 silence ended expired 11:00']);
    expect(played.tables.silences.get('quiet')?.endedAt).toBe(time('11:00'));
    expect(suppressionsOf(check('disk'), played.tables, time('10:30'))).toEqual([]);
  });

  it('says what changed, and gives the same tables when nothing did', () => {
    const given = tables({ downtime: downtime() }, { silence: silence() });
    expect(step(given, bad, time('09:00')).tables).toBe(given);
    const { changed } = step(given, bad, time('10:00'));
    expect([...changed.downtimes.keys()]).toEqual(['work']);
    expect(changed.silences.size).toBe(0);
  });
});

const quarterMs = hourMs / 4;
const moment = fc.integer({ min: 32, max: 64 }).map((quarter) => time('00:00') + quarter * quarterMs);
const anyDowntime = fc
  .record({
    from: moment,
    length: fc.integer({ min: 1, max: 12 }),
    flexible: fc.option(fc.integer({ min: 1, max: 8 })),
    shape: fc.constantFrom('once', 'cron', 'weekly'),
  })
  .map(({ from, length, flexible, shape }) =>
    downtime({
      flexibleMs: flexible === null ? null : flexible * quarterMs,
      schedule:
        shape === 'once'
          ? { type: 'once', from, until: from + length * quarterMs }
          : shape === 'cron'
            ? { type: 'cron', cron: '0 */4 * * *', durationMs: length * quarterMs, timezone: 'UTC' }
            : { type: 'weekly', hours: '09:00-10:00; 12:30-14:00', timezone: 'Europe/Paris' },
    }),
  );

describe('over random histories', () => {
  it('stepping often tells what stepping only at the next change or a change of state tells', () => {
    const states = fc.array(fc.constantFrom('ok', 'critical'), { minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(anyDowntime, states, (given, perQuarter) => {
        const often = { tables: tables({ downtime: given }), told: [] as string[] };
        const seldom = { tables: tables({ downtime: given }), told: [] as string[] };
        let due = Number.NEGATIVE_INFINITY;
        let before = '';
        for (let minute = 0; minute < perQuarter.length * 15; minute += 5) {
          const at = time('08:00') + minute * 60_000;
          const state = perQuarter[Math.floor(minute / 15)] as 'ok' | 'critical';
          const checks = [check('disk', { state })];
          for (const one of at >= due || state !== before ? [often, seldom] : [often]) {
            const next = step(one.tables, checks, at);
            one.tables = next.tables;
            one.told.push(...next.events.map(text));
          }
          before = state;
          due = nextChangeAt(seldom.tables, at) ?? Number.POSITIVE_INFINITY;
          const reasons = [often, seldom].map((one) => suppressionsOf(checks[0]!, one.tables, at));
          expect(reasons[1]).toEqual(reasons[0]);
          expect(seldom.told).toEqual(often.told);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('every start has one end, and between them alone the problem is held back', () => {
    const states = fc.array(fc.constantFrom('ok', 'critical'), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(anyDowntime, states, (given, perQuarter) => {
        let now = tables({ downtime: given });
        let running: SuppressionEvent | null = null;
        for (const [quarter, state] of perQuarter.entries()) {
          const at = time('08:00') + quarter * quarterMs;
          const checks = [check('disk', { state })];
          const next = step(now, checks, at);
          now = next.tables;
          for (const event of next.events) {
            expect(event.change).toBe(running === null ? 'started' : 'ended');
            if (running !== null) expect(event.at).toBe(running.until);
            running = event.change === 'started' ? event : null;
          }
          expect(suppressionsOf(checks[0]!, now, at).length).toBe(running === null ? 0 : 1);
        }
      }),
      { numRuns: 100 },
    );
  });
});
