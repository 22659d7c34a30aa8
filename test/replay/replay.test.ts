import { afterEach, beforeEach, expect, it } from 'vitest';
import { commandedDowntimes, recordedLife } from '../../replay/recorded.ts';
import { ReplayedHost } from './replayed-host.ts';

/** A multiple of ten minutes. */
const now = 1_732_870_800;
const hour = 3600;
const at = (beforeNow: number): string => new Date((now - beforeNow) * 1000).toISOString();

let host: ReplayedHost;

beforeEach(() => {
  host = new ReplayedHost(now);
});

afterEach(() => host.dispose());

const rule = (more = ''): string =>
  `check:\n  interval: 30s\n${more}  critical_if: "{{collector.loadaverage.load1}} > 90"\n` +
  '  critical_output: "\'load is %d\' % {{collector.loadaverage.load1}}"\n';

const handler = (more = ''): string => `handler:\n  use: exec\n  command: /bin/true\n${more}`;

/** 95 for the minutes between these moments before now, else 20. */
const busy =
  (...spans: [from: number, to: number][]) =>
  (time: number): number =>
    spans.some(([from, to]) => time >= now - from && time < now - to) ? 95 : 20;

it('tells what would have fired, for how long and who would have been told', async () => {
  host.series('loadaverage.load1', 2 * hour, busy([3000, 2400], [600, 0]));
  host.write('busy.yml', rule('  attempts: 2\n'));
  host.write('oncall.yml', handler('  repeat_interval: 4m\n'));
  const shares: number[] = [];
  const view = await host.replay(['local/check/busy'], hour, { progress: (share) => shares.push(share) });
  const [one] = view.checks;
  expect(view).toMatchObject({ since: at(hour), until: at(0) });
  expect(one).toMatchObject({ refused: null, runs: 120, unmonitored_seconds: 0, did: null, notes: [] });
  expect(one?.would?.problems).toEqual([
    { from: at(2970), until: at(2400), seconds: 570, state: 'critical', output: 'load is 95' },
    { from: at(570), until: null, seconds: 570, state: 'critical', output: 'load is 95' },
  ]);
  expect(one?.would?.notifications.map(({ at: when, state, reason }) => [when, state, reason])).toEqual([
    [at(2970), 'critical', 'a new problem'],
    [at(2730), 'critical', 'reminder 1'],
    [at(2490), 'critical', 'reminder 2'],
    [at(2400), 'ok', 'the check is ok again'],
    [at(570), 'critical', 'a new problem'],
    [at(330), 'critical', 'reminder 1'],
    [at(90), 'critical', 'reminder 2'],
  ]);
  expect(one?.resolution).toMatchObject([
    { archive: '10s:6h', step_seconds: 10, aggregation: '', from: at(hour - 10), series: 1, points: 359 },
  ]);
  expect(shares.length).toBeGreaterThan(0);
});

it('gives the same for the same store, whenever it is asked', async () => {
  host.series('loadaverage.load1', 3 * hour, (time) => 60 + 50 * Math.sin(time / 700));
  host.write('busy.yml', rule('  attempts: 2\n  for: 2m\n'));
  host.write('oncall.yml', handler());
  const first = await host.replay(['local/check/busy'], 2 * hour);
  expect(await host.replay(['local/check/busy'], 2 * hour)).toEqual(first);
  expect(first.checks[0]?.would?.problems.length).toBeGreaterThan(1);
});

it('reads each time from the finest archive that has it, and says which', async () => {
  host.series('loadaverage.load1', 8 * hour, busy([7.5 * hour, 7 * hour]));
  host.write('busy.yml', rule());
  const [one] = (await host.replay(['local/check/busy'], 8 * hour)).checks;
  expect(one?.resolution).toMatchObject([
    { archive: '1m:7d', step_seconds: 60, aggregation: 'average', points: 120 },
    { archive: '10s:6h', step_seconds: 10, aggregation: '' },
  ]);
  expect(one?.would?.problems).toMatchObject([{ from: at(7.5 * hour), until: at(7 * hour) }]);
});

it('judges data that stopped as the agent does', async () => {
  const isSilent = (time: number): boolean => time >= now - 1800 && time < now - 1200;
  host.series('loadaverage.load1', 2 * hour, (time) => (isSilent(time) ? null : 20));
  host.series('memory.phys_used', 2 * hour, () => 1);
  host.write('busy.yml', rule());
  host.write('kept.yml', rule('  on_missing: keep\n'));
  const [one, kept] = (await host.replay(['local/check/busy', 'local/check/kept'], hour)).checks;
  // The last value came ten seconds before; three rounds of it are waited for.
  expect(one?.would?.problems).toMatchObject([{ from: at(1770), until: at(1200), state: 'unknown' }]);
  expect(one?.would?.problems[0]?.output).toContain('collector loadaverage gave nothing new for');
  expect(kept?.would?.problems).toEqual([]);
});

it('runs nothing while nothing of the node was stored', async () => {
  const isOff = (time: number): boolean => time >= now - 2400 && time < now - 1200;
  host.series('loadaverage.load1', 2 * hour, (time) => (isOff(time) ? null : busy([2700, 900])(time)));
  host.write('busy.yml', rule());
  host.write('oncall.yml', handler('  repeat_interval: 5m\n'));
  const [one] = (await host.replay(['local/check/busy'], hour)).checks;
  expect(one?.unmonitored_seconds).toBe(1200);
  expect(one?.would?.seconds).toMatchObject({ critical: 600, unknown: 0 });
  expect(one?.would?.problems).toMatchObject([{ from: at(2700), until: at(900) }]);
  expect(one?.would?.notifications.map((told) => told.at)).toEqual([at(2700), at(1200), at(900)]);
});

it('runs a check once an agent looks again, however far its next round is', async () => {
  const isOff = (time: number): boolean => time >= now - 3000 && time < now - 2700;
  host.series('loadaverage.load1', 2 * hour, (time) => (isOff(time) ? null : busy([2900, 2000])(time)));
  host.write('busy.yml', rule().replace('30s', '1h'));
  const [one] = (await host.replay(['local/check/busy'], 3500)).checks;
  expect(one).toMatchObject({ runs: 2, unmonitored_seconds: 300 });
  expect(one?.would?.problems).toMatchObject([{ from: at(2700), state: 'critical' }]);
});

it.each([
  ['10s', 30],
  ['30s', 10],
  ['1h', 1],
])(
  'runs a check of every %s over a history that is shorter than the time, and tells where that begins',
  async (interval, runs) => {
    host.series('loadaverage.load1', 300, () => 95);
    host.write('busy.yml', rule().replace('30s', interval));
    const view = await host.replay(['local/check/busy'], 7 * 24 * hour);
    expect(view.history).toEqual({ from: at(300), until: at(0) });
    const [one] = view.checks;
    expect(one?.runs).toBeGreaterThanOrEqual(runs);
    expect(one).toMatchObject({
      unmonitored_seconds: 7 * 24 * hour - 300,
      resolution: [{ archive: '10s:6h', from: at(300), until: at(0), points: 30 }],
      would: { problems: [{ from: at(300), until: null, state: 'critical' }] },
      notes: [],
    });
  },
);

it('says what is stored where nothing is of the time', async () => {
  host.series('loadaverage.load1', 3 * hour, (time) => (time < now - 2 * hour ? 95 : null));
  host.write('busy.yml', rule());
  const view = await host.replay(['local/check/busy'], hour);
  expect(view.history).toEqual({ from: at(3 * hour), until: at(2 * hour) });
  expect(view.checks).toMatchObject([
    { runs: 0, resolution: [], notes: ['nothing is stored of this node in this time'] },
  ]);
  expect((await new ReplayedHost(now).replay([], hour)).history).toBeNull();
});

it('names what nothing is stored of, which is missing in every run', async () => {
  host.series('loadaverage.load1', 2 * hour, () => 20);
  host.write('absent.yml', 'check:\n  interval: 30s\n  critical_if: "{{collector.memory.swap_usedd}} > 1"\n');
  host.write('called.yml', `check:\n  interval: 30s\n  critical_if: "file_exists('/etc/passwd')"\n`);
  const [absent, called] = (await host.replay(['local/check/absent', 'local/check/called'], hour)).checks;
  expect(absent?.sources).toEqual([{ key: 'collector.memory.swap_usedd', kind: 'none', series: [] }]);
  expect(absent?.notes).toEqual(['nothing is stored of collector.memory.swap_usedd: missing in every run']);
  expect(absent?.would?.problems).toMatchObject([{ state: 'unknown', until: null }]);
  expect(called?.notes[0]).toContain('file_exists()');
  expect(called?.would?.problems).toMatchObject([{ state: 'unknown' }]);
});

it('sees texts that were kept on change, keys behind cleaned names, and whole trees', async () => {
  host.series('diskusage._.pct_used', hour, () => 50);
  host.series('diskusage._var.pct_used', hour, (time) => (time < now - 600 ? 50 : 99));
  host.values('diskusage', [
    { at: now - hour, metric: '_.pct_used', path: ['/', 'pct_used'] },
    { at: now - hour, metric: '_var.pct_used', path: ['/var', 'pct_used'] },
    { at: now - hour, path: ['/var', 'type'], value: 'ext4' },
    { at: now - 1200, path: ['/var', 'type'], value: 'xfs' },
    { at: now - 900, path: ['/var', 'type'], gone: true },
  ]);
  host.write(
    'tree.yml',
    'check:\n  interval: 30s\n' +
      '  critical_if: "any([{{collector.diskusage}}[name][\'pct_used\'] > 90 for name in {{collector.diskusage}}])"\n',
  );
  host.write(
    'leaf.yml',
    'check:\n  interval: 30s\n  critical_if: "{{collector.diskusage./var.pct_used}} > 90"\n',
  );
  host.write(
    'text.yml',
    'check:\n  interval: 30s\n  warning_if: "{{collector.diskusage./var.type}} == \'xfs\'"\n',
  );
  const ids = ['local/check/leaf', 'local/check/text', 'local/check/tree'];
  const [leaf, text, tree] = (await host.replay(ids, hour)).checks;
  expect(leaf?.sources[0]).toMatchObject({ kind: 'series', series: ['host.diskusage._var.pct_used'] });
  expect(leaf?.would?.problems).toMatchObject([{ from: at(600), state: 'critical' }]);
  expect(tree?.sources[0]).toMatchObject({ kind: 'tree', series: ['host.diskusage'] });
  expect(tree?.would?.problems).toMatchObject([{ from: at(600), state: 'critical' }]);
  expect(text?.sources[0]).toMatchObject({ kind: 'values' });
  expect(text?.would?.problems).toMatchObject([{ from: at(1200), until: null, state: 'unknown' }]);
});

it('holds back what downtimes, quiet hours and a parent that is down hold back', async () => {
  host.series('loadaverage.load1', 2 * hour, busy([3000, 2400], [1200, 600]));
  host.series('memory.phys_used', 2 * hour, busy([3060, 2340]));
  host.write('busy.yml', rule());
  host.write('below.yml', rule('  depends_on: [above]\n'));
  host.write('above.yml', 'check:\n  interval: 30s\n  critical_if: "{{collector.memory.phys_used}} > 90"\n');
  host.write('oncall.yml', handler());
  const hours = (beforeNow: number): string => at(beforeNow).slice(11, 16);
  host.write(
    'night.yml',
    handler(`  quiet_hours: [{from: "${hours(1260)}", to: "${hours(540)}", timezone: UTC}]\n`),
  );
  host.write(
    'work.yml',
    `downtime:\n  match: [busy]\n  from: "${at(3300)}"\n  until: "${at(2700)}"\n  comment: new disk\n`,
  );
  const ids = ['local/check/busy', 'local/check/below'];
  const [below, one] = (await host.replay(ids, hour)).checks;
  const toldBy = (name: string, view = one) =>
    view?.would?.notifications.flatMap(({ handler: by, at: when, state }) =>
      by === name ? [[when, state]] : [],
    );
  expect(toldBy('oncall')).toEqual([
    [at(2700), 'critical'],
    [at(2400), 'ok'],
    [at(1200), 'critical'],
    [at(600), 'ok'],
  ]);
  expect(toldBy('night')).toEqual([
    [at(2700), 'critical'],
    [at(2400), 'ok'],
  ]);
  expect(one?.held.map(({ reason }) => reason)).toEqual(
    expect.arrayContaining(['quiet hours', expect.stringContaining('new disk')]),
  );
  expect(toldBy('oncall', below)).toEqual([
    [at(1200), 'critical'],
    [at(600), 'ok'],
  ]);
  expect(below?.held.map(({ reason }) => reason).join()).toContain('local/check/above');
});

it('refuses scripts, and takes the real states of one that a check depends on', async () => {
  host.series('loadaverage.load1', 2 * hour, busy([1200, 600]));
  host.write('script.yml', 'check:\n  interval: 30s\n  script: /bin/true\n');
  host.write('below.yml', rule('  depends_on: [script]\n'));
  host.write('oncall.yml', handler());
  const life = recordedLife(
    { hard_state: 'ok', hard_since: at(300), stale: false },
    [
      {
        at: at(1300),
        id: 'local/check/script',
        name: 'script',
        old_state: 'ok',
        state: 'critical',
        log: 'no',
      },
      {
        at: at(300),
        id: 'local/check/script',
        name: 'script',
        old_state: 'critical',
        state: 'ok',
        log: 'yes',
      },
    ],
    [],
  );
  const recorded = new Map([['local/check/script', life]]);
  const ids = ['local/check/below', 'local/check/script'];
  const [below, script] = (await host.replay(ids, hour, { recorded })).checks;
  expect(script).toMatchObject({ would: null, agreement_percent: null });
  expect(script?.refused).toContain('it runs a script');
  expect(script?.did?.problems).toEqual([
    { from: at(1300), until: at(300), seconds: 1000, state: 'critical', output: 'no' },
  ]);
  expect(below?.would?.notifications).toEqual([]);
  expect(below?.notes).toEqual([
    'it depends on local/check/script, which cannot be run again: its real states are taken',
  ]);
});

it('sets what would have happened beside what did', async () => {
  host.series('loadaverage.load1', 2 * hour, busy([1200, 600]));
  host.write('busy.yml', rule());
  const id = 'local/check/busy';
  const life = recordedLife(
    { hard_state: 'ok', hard_since: at(900), stale: false },
    [
      { at: at(1200), id, name: 'busy', old_state: 'ok', state: 'critical', log: 'load is 95' },
      { at: at(900), id, name: 'busy', old_state: 'critical', state: 'ok', log: '' },
    ],
    [{ at: at(1200), handler: 'mail', state: 'critical', reason: 'a new problem' }],
  );
  const [one] = (await host.replay([id], hour, { recorded: new Map([[id, life]]) })).checks;
  expect(one?.would?.problems).toMatchObject([{ from: at(1200), until: at(600) }]);
  expect(one?.did).toMatchObject({
    problems: [{ from: at(1200), until: at(900), seconds: 300 }],
    notifications: [{ at: at(1200), handler: 'mail' }],
  });
  expect(one?.agreement_percent).toBeCloseTo((1 - 300 / hour) * 100, 0);
});

it('takes downtimes and silences of commands for the time that they held', () => {
  const entry = { old_state: '', match: ['busy'], log: 'of check=busy: added, by ann' };
  const found = commandedDowntimes(
    [
      { ...entry, at: at(3000), id: 'abc', name: 'downtime', state: 'started' },
      { ...entry, at: at(2700), id: 'local/downtime/work', name: 'downtime', state: 'started' },
      { ...entry, at: at(2400), id: 'abc', name: 'downtime', state: 'ended' },
      { ...entry, at: at(1200), id: 'def', name: 'silence', state: 'started' },
    ],
    now * 1000,
  );
  expect(found.map(({ schedule }) => schedule)).toEqual([
    { type: 'once', from: (now - 3000) * 1000, until: (now - 2400) * 1000 },
    { type: 'once', from: (now - 1200) * 1000, until: now * 1000 },
  ]);
});
