import type { Json, JsonObject } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { AlertBook } from '../../../alerting/suppression/book.ts';
import type { CheckFacts, SuppressionEvent } from '../../../alerting/suppression/model.ts';
import { suppressionsOf } from '../../../alerting/suppression/suppressions.ts';
import { OpsbroError } from '../../../core/errors.ts';
import { check, time } from './facts.ts';

const hourMs = 3_600_000;

/** A book, what it stored and what it told; `restarted` is another on the same store. */
function workbench() {
  const stored = new Map<string, Json>();
  const bench = {
    at: time('10:00'),
    checks: [check('disk'), check('memory', { state: 'ok' })] as CheckFacts[],
    stored,
    told: [] as string[],
    /** Why the disk takes nothing that somebody waits for. */
    refuses: null as string | null,
    /** What a write waits for. */
    written: Promise.resolve() as Promise<unknown>,
    book: undefined as unknown as AlertBook,
    restart() {
      const book = new AlertBook({
        now: () => bench.at,
        checks: () => bench.checks,
        save: async ({ put, del }, _, isWord) => {
          await bench.written;
          if (isWord && bench.refuses !== null) throw new OpsbroError('OPSBRO_AGENT_STORE', bench.refuses);
          for (const [key, value] of put) stored.set(key, JSON.parse(JSON.stringify(value)));
          for (const key of del) stored.delete(key);
        },
        tell: (events) => void bench.told.push(...events.map(text)),
      });
      expect(book.restore([...stored].map(([key, value]) => [key, structuredClone(value)]))).toEqual([]);
      bench.book = book;
    },
    holds: (name = 'disk') =>
      suppressionsOf(
        bench.checks.find((one) => one.name === name) as CheckFacts,
        bench.book.tables,
        bench.at,
      ).map(({ id }) => id),
  };
  bench.restart();
  return bench;
}

const text = ({ kind, change, cause, id, by }: SuppressionEvent): string =>
  `${kind} ${id} ${change} ${cause} by ${by}`;

describe('the alert book', () => {
  it('keeps everything over a restart, and tells no start twice', async () => {
    const bench = workbench();
    await bench.book.addDowntime({ id: 'work', match: ['disk'], duration: '2h' }, 'ann');
    await bench.book.addSilence({ id: 'quiet', match: 'pack=linux', until: 'resolved' }, 'ben');
    await bench.book.acknowledge(bench.checks[0] as CheckFacts, { comment: 'on it', until: '1h' }, 'cat');
    const before = structuredClone(bench.book.tables);
    expect(bench.holds()).toEqual(['work', 'linux/check/disk', 'quiet']);
    bench.restart();
    expect(await bench.book.step()).toEqual([]);
    expect(bench.book.tables).toEqual(before);
    expect(bench.told).toEqual([
      'downtime work started began by ann',
      'silence quiet started added by ben',
      'acknowledgement linux/check/disk started added by cat',
    ]);
    expect(bench.book.nextChangeAt()).toBe(time('11:00'));
  });

  it('changes nothing, and tells nobody, where the disk does not take what somebody commands', async () => {
    const bench = workbench();
    const { book, stored, told } = bench;
    await book.addDowntime({ id: 'work', match: ['disk'], duration: '2h' }, 'ann');
    await book.addSilence({ id: 'quiet', match: 'disk', until: '1h' }, 'ann');
    await book.acknowledge(bench.checks[0] as CheckFacts, { comment: 'first' }, 'ann');
    const before = structuredClone({ tables: book.tables, stored, told });
    bench.refuses = 'disk full';
    for (const command of [
      () => book.addDowntime({ id: 'more', match: ['disk'], duration: '2h' }, 'ben'),
      () => book.addSilence({ id: 'more', match: 'disk', until: '1h' }, 'ben'),
      () => book.acknowledge(bench.checks[0] as CheckFacts, { comment: 'second' }, 'ben'),
      () => book.remove('downtime', 'work', 'ben'),
      () => book.remove('silence', 'quiet', 'ben'),
      () => book.unacknowledge('linux/check/disk', 'ben'),
    ])
      await expect(command()).rejects.toMatchObject({
        code: 'OPSBRO_AGENT_STORE',
        message: 'nothing is changed, do it again later: disk full',
      });
    expect({ tables: book.tables, stored, told }).toEqual(before);
    bench.refuses = null;
    await book.addDowntime({ id: 'more', match: ['disk'], duration: '2h' }, 'ben');
    expect(bench.holds()).toEqual(['work', 'more', 'linux/check/disk', 'quiet']);
  });

  it('lets what somebody commands hold once it is written, and everything after it wait', async () => {
    const bench = workbench();
    let write = (): void => undefined;
    bench.written = new Promise<void>((resolve) => {
      write = resolve;
    });
    const done: string[] = [];
    const add = (id: string, by: string): Promise<unknown> =>
      bench.book.addDowntime({ id, match: ['disk'], duration: '2h' }, by).then(
        () => done.push(`${id} of ${by}`),
        (error: Error) => done.push(error.message),
      );
    const all = [
      add('work', 'ann'),
      add('work', 'ben'),
      bench.book.step().then(() => done.push('step')),
      bench.book.configure([]).then(() => done.push('files')),
      bench.book.remove('downtime', 'work', 'cat').then(() => done.push('removed')),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    expect([bench.holds(), done, bench.told]).toEqual([[], [], []]);
    write();
    await Promise.all(all);
    expect(done).toEqual([
      'work of ann',
      "there is a downtime 'work' already; remove it or choose another id",
      'step',
      'files',
      'removed',
    ]);
    expect(bench.told).toEqual(['downtime work started began by ann', 'downtime work ended removed by cat']);
    expect([bench.holds(), bench.stored.size]).toEqual([[], 0]);
  });

  it('forgets what ended', async () => {
    const bench = workbench();
    await bench.book.addDowntime({ id: 'work', match: ['disk'], duration: '2h' }, 'ann');
    await bench.book.addSilence({ id: 'quiet', match: 'disk', until: 'resolved, 1h' }, 'ben');
    await bench.book.acknowledge(bench.checks[0] as CheckFacts, {}, 'cat');
    bench.told.length = 0;
    bench.at = time('11:00');
    await bench.book.step();
    bench.checks = [check('disk', { state: 'ok' })];
    await bench.book.step();
    bench.at = time('12:00');
    await bench.book.step();
    expect(bench.told).toEqual([
      'silence quiet ended expired by ben',
      'acknowledgement linux/check/disk ended recovered by cat',
      'downtime work ended expired by ann',
    ]);
    expect(bench.stored.size).toBe(0);
  });

  it('tells who took something away', async () => {
    const bench = workbench();
    await bench.book.addDowntime({ id: 'now', match: ['disk'], duration: '2h' }, 'ann');
    await bench.book.addDowntime({ id: 'later', match: ['disk'], from: '2027-01-01', duration: '2h' }, 'ann');
    await bench.book.addSilence({ id: 'quiet', match: 'disk', until: '1h' }, 'ann');
    await bench.book.acknowledge(bench.checks[0] as CheckFacts, {}, 'ann');
    bench.told.length = 0;
    await bench.book.remove('downtime', 'now', 'ben');
    await bench.book.remove('downtime', 'later', 'ben');
    await bench.book.remove('silence', 'quiet', 'ben');
    await bench.book.unacknowledge('linux/check/disk', 'ben');
    expect(bench.told).toEqual([
      'downtime now ended removed by ben',
      'silence quiet ended removed by ben',
      'acknowledgement linux/check/disk ended removed by ben',
    ]);
    expect(bench.stored.size).toBe(0);
    await expect(bench.book.remove('silence', 'quiet', 'ben')).rejects.toThrow("no silence 'quiet'");
    await expect(bench.book.unacknowledge('disk', 'ben')).rejects.toThrow("no acknowledgement of 'disk'");
  });

  it('is due for what was missed: a moment that passed, also while no agent ran', async () => {
    const bench = workbench();
    await bench.book.addDowntime(
      { id: 'work', match: ['disk'], from: '2026-06-10T11:00Z', duration: '1h' },
      'ann',
    );
    expect(bench.book.nextChangeAt()).toBe(time('11:00'));
    bench.at = time('11:00') + 700;
    expect(bench.book.nextChangeAt()).toBe(time('11:00'));
    await bench.book.step();
    expect(bench.book.nextChangeAt()).toBe(time('12:00'));
    bench.at = time('15:00');
    bench.restart();
    expect(bench.book.nextChangeAt()).toBeLessThanOrEqual(bench.at);
    await bench.book.step();
    expect(bench.told.at(-1)).toBe('downtime work ended expired by ann');
    expect(bench.book.nextChangeAt()).toBeNull();
  });

  it('takes many steps that are asked for at once as one', async () => {
    const bench = workbench();
    await bench.book.addDowntime({ match: ['disk'], duration: '1h' }, 'ann');
    let looks = 0;
    const { checks } = bench;
    Object.defineProperty(bench, 'checks', {
      get: () => {
        looks += 1;
        return checks;
      },
    });
    await Promise.all(Array.from({ length: 1000 }, () => bench.book.step()));
    expect(looks).toBe(1);
  });

  it('gives ids of its own to what has none', async () => {
    const { book } = workbench();
    const ids = [];
    for (let count = 0; count < 3; count += 1)
      ids.push((await book.addDowntime({ match: ['disk'], duration: 3600 }, 'ann')).id);
    expect(new Set(ids).size).toBe(3);
  });

  it.each<[string, JsonObject, string]>([
    ['without an end', { match: ['disk'] }, 'it has no end'],
    ['with an unknown key', { match: ['disk'], length: '2h' }, "a downtime has no key 'length'"],
    ['without a matcher', { duration: '2h' }, 'no matcher is given'],
    ['with a matcher that is none', { match: [1], duration: '2h' }, "'match' must be a matcher"],
    ['that is over', { match: ['disk'], from: '2026-01-01', duration: '2h' }, 'it ended at 2026-01-01T'],
    ['that ends before it begins', { match: ['disk'], until: '2026-01-01' }, 'it ends before it begins'],
    [
      'with a bad time',
      { match: ['disk'], until: 'tomorrow' },
      "'until' is 'tomorrow'; write a time such as",
    ],
    [
      'with a bad duration',
      { match: ['disk'], duration: '2 hours' },
      '\'duration\' is "2 hours"; write a duration',
    ],
    ['with a bad zone', { match: ['disk'], hours: '08:00-09:00', timezone: 'Mars' }, "no time zone 'Mars'"],
    [
      'with a bad zone for nothing',
      { match: ['disk'], duration: '1h', timezone: 'Mars' },
      "no time zone 'Mars'",
    ],
    ['on a day that does not exist', { match: ['disk'], until: '2027-02-30' }, "'until' is '2027-02-30'"],
    [
      'with a bad zone for a time',
      { match: ['disk'], until: '2027-01-01', timezone: 'Mars' },
      "no time zone 'Mars'",
    ],
    ['by cron without a duration', { match: ['disk'], cron: '@daily' }, "'cron' needs a 'duration'"],
    [
      'by cron and hours',
      { match: ['disk'], cron: '@daily', hours: 'x', duration: '1h' },
      "'hours' cannot stand beside 'cron'",
    ],
    ['for ever', { match: ['disk'], hours: '00:00-24:00' }, 'the hours hold all the time'],
    [
      'until and for',
      { match: ['disk'], until: '2027-01-01', duration: '1h' },
      "'duration' cannot stand beside 'until'",
    ],
    ['with a bad id', { id: 'a/b', match: ['disk'], duration: '1h' }, "the id 'a/b' is not made of letters"],
    [
      'with a long comment',
      { match: ['disk'], duration: '1h', comment: 'x'.repeat(2000) },
      "'comment' is longer than 1024",
    ],
  ])('refuses a downtime %s', async (_, request, message) => {
    const { book, stored } = workbench();
    await expect(book.addDowntime(request, 'ann')).rejects.toThrow(message);
    expect(stored.size).toBe(0);
  });

  it.each<[string, JsonObject, string]>([
    ['without an end', { match: 'disk' }, 'it has no end'],
    ['that ended', { match: 'disk', until: '2026-01-01' }, "'2026-01-01' is not in the future"],
    [
      'until resolved of what is well',
      { match: 'memory', until: 'resolved' },
      'nothing that it matches has a problem now',
    ],
  ])('refuses a silence %s', async (_, request, message) => {
    await expect(workbench().book.addSilence(request, 'ann')).rejects.toThrow(message);
  });

  it('refuses to acknowledge what is well, and ids that are taken', async () => {
    const { book, checks } = workbench();
    await expect(book.acknowledge(checks[1] as CheckFacts, {}, 'ann')).rejects.toThrow(
      'linux/check/memory is ok; only a problem can be acknowledged',
    );
    await book.addDowntime({ id: 'work', match: ['disk'], duration: '2h' }, 'ann');
    await expect(book.addDowntime({ id: 'work', match: ['disk'], duration: '2h' }, 'ann')).rejects.toThrow(
      "there is a downtime 'work' already",
    );
  });

  it('refuses more than 20,000 entries', async () => {
    const bench = workbench();
    await bench.book.addDowntime({ id: 'first', match: ['disk'], from: '2027-01-01', duration: '2h' }, 'ann');
    const first = bench.stored.get('downtime/first') as JsonObject;
    for (let count = 1; count < 20_000; count += 1)
      bench.stored.set(`downtime/d${count}`, { ...first, id: `d${count}` });
    bench.restart();
    await expect(bench.book.addSilence({ match: 'disk', until: '2h' }, 'ann')).rejects.toThrow(
      'there are 20000 downtimes, acknowledgements and silences already',
    );
  });

  it('takes over what the files say, and keeps what is known of it while they say the same', async () => {
    const bench = workbench();
    const work = {
      kind: 'downtime',
      id: 'p/downtime/work',
      keys: { match: 'disk', hours: 'wed 10:00-11:00', timezone: 'UTC' },
    } as const;
    const quiet = { kind: 'silence', id: 'p/silence/quiet', keys: { match: 'disk', until: '30m' } } as const;
    await bench.book.configure([work, quiet]);
    expect(bench.holds()).toEqual(['p/downtime/work', 'p/silence/quiet']);
    bench.at += hourMs / 2;
    await bench.book.step();
    bench.restart();
    await bench.book.configure([work, quiet]);
    expect(bench.holds()).toEqual(['p/downtime/work']);
    expect(bench.told).toEqual([
      'silence p/silence/quiet started added by configuration',
      'downtime p/downtime/work started began by configuration',
      'silence p/silence/quiet ended expired by configuration',
    ]);
    await expect(bench.book.remove('downtime', work.id, 'ann')).rejects.toThrow('is of a file; take it out');
    bench.told.length = 0;
    await bench.book.configure([work, { ...quiet, keys: { match: 'disk', until: '1h' } }]);
    expect(bench.holds()).toEqual(['p/downtime/work', 'p/silence/quiet']);
    await bench.book.configure([]);
    expect(bench.told).toEqual([
      'silence p/silence/quiet started added by configuration',
      'downtime p/downtime/work ended removed by configuration',
      'silence p/silence/quiet ended removed by configuration',
    ]);
    expect(bench.stored.size).toBe(0);
  });

  it('keeps what is missing while some files cannot be read', async () => {
    const bench = workbench();
    const work = {
      kind: 'downtime',
      id: 'p/downtime/work',
      keys: { match: 'disk', hours: '09:00-11:00', timezone: 'UTC' },
    } as const;
    await bench.book.configure([work]);
    await bench.book.acknowledge(bench.checks[0] as CheckFacts, {}, 'ann');
    await bench.book.addSilence({ id: 'quiet', match: 'disk', until: 'resolved' }, 'ann');
    const before = [...bench.stored.keys()];
    bench.restart();
    bench.checks = [];
    await bench.book.configure([], false);
    await bench.book.step();
    expect([...bench.stored.keys()]).toEqual(before);
    bench.checks = [check('disk', { state: 'ok' })];
    await bench.book.step();
    expect([...bench.stored.keys()]).toEqual(['downtime/p/downtime/work']);
    await bench.book.configure([]);
    await bench.book.step();
    expect(bench.stored.size).toBe(0);
  });

  it('names stored entries that it cannot read, and goes on without them', () => {
    const book = new AlertBook({ now: () => 0, checks: () => [], save: async () => {}, tell: () => {} });
    expect(
      book.restore([
        ['downtime/a', { id: 'a' }],
        ['silence/b', null],
        ['ack/c', { check: 'd' }],
      ]),
    ).toEqual(['downtime/a', 'silence/b', 'ack/c']);
  });
});
