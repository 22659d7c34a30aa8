import { describe, expect, it } from 'vitest';
import type { CheckFacts, SuppressionTables } from '../../../alerting/suppression/model.ts';
import { nextChangeAt, suppressionsOf } from '../../../alerting/suppression/suppressions.ts';
import { acknowledgement, check, downtime, silence, tables, time } from './facts.ts';

const hourMs = 3_600_000;
const kinds = (facts: CheckFacts, given: SuppressionTables, at: string): string[] =>
  suppressionsOf(facts, given, time(at)).map(({ kind }) => kind);

describe('a downtime', () => {
  it.each([
    ['09:59', []],
    ['10:00', ['downtime']],
    ['11:59', ['downtime']],
    ['12:00', []],
  ])('at %s holds back %j', (at, expected) => {
    expect(kinds(check('disk'), tables({ downtime: downtime() }), at)).toEqual(expected);
    expect(kinds(check('memory'), tables({ downtime: downtime() }), at)).toEqual([]);
  });

  it('says who decided it, until when and why', () => {
    expect(suppressionsOf(check('disk'), tables({ downtime: downtime() }), time('10:00'))).toEqual([
      {
        kind: 'downtime',
        id: 'work',
        until: time('12:00'),
        text: "downtime 'work' of ann until 2026-06-10T12:00:00.000Z: new disk",
      },
    ]);
  });

  it('that is flexible holds back the problem that starts it, and then lasts its duration', () => {
    const flexible = downtime({ flexibleMs: hourMs });
    expect(kinds(check('disk', { state: 'ok' }), tables({ downtime: flexible }), '11:30')).toEqual([]);
    expect(kinds(check('disk', { hard: false }), tables({ downtime: flexible }), '11:30')).toEqual([
      'downtime',
    ]);
    const started = {
      ...flexible,
      current: { start: time('11:30'), end: time('12:30') },
      usedWindow: time('10:00'),
    };
    expect(kinds(check('disk'), tables({ downtime: started }), '12:29')).toEqual(['downtime']);
    expect(kinds(check('disk'), tables({ downtime: started }), '12:30')).toEqual([]);
  });

  it('that is flexible comes once in a window', () => {
    const used = downtime({ flexibleMs: hourMs / 4, usedWindow: time('10:00') });
    expect(kinds(check('disk'), tables({ downtime: used }), '11:30')).toEqual([]);
  });

  it.each([
    [
      'cron',
      { type: 'cron', cron: '0 4 * * *', durationMs: hourMs, timezone: 'America/New_York' },
      '08:30',
      '09:30',
    ],
    [
      'weekly hours',
      { type: 'weekly', hours: 'wed 10:00-11:00', timezone: 'Europe/Paris' },
      '08:30',
      '09:30',
    ],
  ] as const)('by %s holds in each window', (_, schedule, inside, outside) => {
    const given = tables({ downtime: downtime({ schedule }) });
    expect(kinds(check('disk'), given, inside)).toEqual(['downtime']);
    expect(kinds(check('disk'), given, outside)).toEqual([]);
  });
});

describe('an acknowledgement', () => {
  it.each([
    ['of critical, still critical', {}, {}, true],
    ['of critical, now soft critical', {}, { hard: false }, true],
    ['of critical, now warning', {}, { state: 'warning' }, true],
    ['of critical, now unknown', {}, { state: 'unknown' }, true],
    ['of critical, now ok', {}, { state: 'ok' }, false],
    ['of warning, now soft critical', { state: 'warning' }, { hard: false }, true],
    ['of warning, now critical', { state: 'warning' }, {}, false],
    ['of warning, now unknown', { state: 'warning' }, { state: 'unknown' }, false],
    ['of warning, sticky, now critical', { state: 'warning', sticky: true }, {}, true],
    ['of critical, sticky, now ok', { sticky: true }, { state: 'ok' }, false],
    ['until 11:30', { until: time('11:30') }, {}, true],
    ['until 11:00', { until: time('11:00') }, {}, false],
  ] as const)('%s', (_, given, now, holds) => {
    const reasons = kinds(check('disk', now), tables({ acknowledgement: acknowledgement(given) }), '11:00');
    expect(reasons).toEqual(holds ? ['acknowledgement'] : []);
  });
});

describe('a silence', () => {
  it('holds back what fits all its matchers, until its time', () => {
    const given = tables({
      silence: silence({ match: ['pack=linux', 'state=critical'], until: time('12:00') }),
    });
    expect(kinds(check('disk'), given, '11:59')).toEqual(['silence']);
    expect(kinds(check('disk'), given, '12:00')).toEqual([]);
    expect(kinds(check('disk', { state: 'warning' }), given, '11:59')).toEqual([]);
  });
});

describe('the next change', () => {
  it('is the nearest start or end of anything', () => {
    const given = tables(
      { downtime: downtime() },
      { downtime: downtime({ id: 'flexible', current: { start: 0, end: time('10:45') } }) },
      { silence: silence({ until: time('11:00') }) },
      { acknowledgement: acknowledgement({ until: time('10:30') }) },
    );
    const changes = ['09:00', '10:00', '10:30', '10:45', '11:00'].map((at) => nextChangeAt(given, time(at)));
    expect(changes).toEqual(['10:00', '10:30', '10:45', '11:00', '12:00'].map(time));
    expect(nextChangeAt(given, time('12:00'))).toBeNull();
  });
});
