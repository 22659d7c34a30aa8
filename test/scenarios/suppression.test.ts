import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  AcknowledgementView,
  AgentView,
  CheckView,
  ConfigStatusView,
  DowntimeView,
  HistoryView,
  SilenceView,
} from '../../control/shapes.ts';
import { type CommandResult, command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const files = {
  'demo/checks/burns.yml': `check:
  interval: 1s
  critical_if: "1 < 2"
`,
  'demo/checks/fine.yml': `check:
  interval: 1s
  critical_if: "1 > 2"
`,
  'sick/aches.yml': 'check: {interval: 1s, critical_if: "1 < 2"}\n',
  'sick/hurts.yml': 'check: {interval: 1s, critical_if: "1 < 2"}\n',
  'demo/night.yml': `downtime:
  match: [pack=demo]
  cron: "0 2 29 2 *"
  duration: 2h
  timezone: Europe/Paris
  comment: backup
`,
  'demo/never.yml': `silence:
  match: label.team=none
  until: 1h
`,
};

let agent: RealAgent;
const cli = (...args: string[]): Promise<CommandResult> => command(['--data', agent.data, ...args]);
const json = async <View>(...args: string[]): Promise<View> => (await cli(...args, '--json')).json<View>();
const burns = (): Promise<CheckView> => agent.get<CheckView>('/api/v1/checks/burns');

beforeAll(async () => {
  agent = await startRealAgent({ files });
  await agent.until('the problem', async () => (await burns()).state === 'critical');
});

afterAll(() => agent?.dispose());

describe('downtimes, acknowledgements and silences', () => {
  it('are added, listed, kept over a restart and removed by commands', async () => {
    const added = await Promise.all([
      cli('downtime', 'add', 'burns', 'state=critical', '--duration', '2h', '--id', 'work', '--by', 'ann'),
      cli('downtime', 'add', 'fine', '--cron', '0 4 * * *', '--duration', '1h', '--flexible', '10m'),
      cli('silence', 'add', 'pack=demo', '--until', 'resolved', '--id', 'quiet', '--comment', 'known'),
      cli('ack', 'add', 'burns', '--duration', '1h', '--comment', 'on it', '--by', 'ben'),
    ]);
    expect(added.map(({ code, stderr }) => [code, stderr])).toEqual(added.map(() => [0, '']));
    expect(added[3]?.stdout).toContain(
      'acknowledged demo/check/burns; ends when it recovers or becomes worse, or in',
    );

    expect(added[0]?.stdout).toMatch(/\nmatches 1 check: burns, while state=critical\n$/);
    expect(added[2]?.stdout).toMatch(/\nmatches 2 checks: burns, fine\n$/);
    expect((await burns()).held.map(({ kind, id, by }) => [kind, id, by])).toEqual([
      ['downtime', 'work', 'ann'],
      ['acknowledgement', 'demo/check/burns', 'ben'],
      ['silence', 'quiet', expect.any(String)],
    ]);
    expect((await agent.get<AgentView>('/api/v1/agent')).notifications.held).toEqual({
      acknowledged: 1,
      in_downtime: 1,
      silenced: 2,
    });
    expect((await cli('checks', 'show', 'burns')).stdout).toContain('acknowledged by ben');

    const before = [
      await json<DowntimeView[]>('downtime', 'list'),
      await json<SilenceView[]>('silence', 'list'),
      await json<AcknowledgementView[]>('ack', 'list'),
    ];
    const { data, config } = agent;
    expect(await agent.stop()).toBe(0);
    agent = await startRealAgent({ data, config });
    expect([
      await json<DowntimeView[]>('downtime', 'list'),
      await json<SilenceView[]>('silence', 'list'),
      await json<AcknowledgementView[]>('ack', 'list'),
    ]).toEqual(before);
    expect(agent.output()).not.toContain('downtime started');

    const [downtimes, silences, acknowledgements] = before as [
      DowntimeView[],
      SilenceView[],
      AcknowledgementView[],
    ];
    expect(downtimes).toHaveLength(3);
    expect(downtimes).toContainEqual(
      expect.objectContaining({
        id: 'work',
        active: true,
        match: ['check=burns', 'state=critical'],
        by: 'ann',
      }),
    );
    expect(downtimes).toContainEqual(
      expect.objectContaining({ id: 'demo/downtime/night', origin: 'configuration', comment: 'backup' }),
    );
    expect(silences.map(({ id, active }) => [id, active]).sort()).toEqual([
      ['demo/silence/never', true],
      ['quiet', true],
    ]);
    expect(acknowledgements).toEqual([
      expect.objectContaining({ check: 'demo/check/burns', state: 'critical', sticky: false, by: 'ben' }),
    ]);
    expect((await cli('downtime', 'list')).stdout).toMatch(
      /^ID +FOR +CHECKS +WHEN[\s\S]*\nwork +check=burns state=critical +1 +now/m,
    );

    expect(await cli('downtime', 'remove', 'work', '--by', 'cat')).toMatchObject({
      code: 0,
      stdout: 'removed work\n',
    });
    expect(await cli('silence', 'remove', 'quiet')).toMatchObject({ code: 0, stdout: 'removed quiet\n' });
    expect(await cli('ack', 'remove', 'burns')).toMatchObject({ code: 0 });
    expect(await json<AcknowledgementView[]>('ack', 'list')).toEqual([]);
    expect((await json<DowntimeView[]>('downtime', 'list')).map(({ id }) => id)).not.toContain('work');
    const history = async (...args: string[]): Promise<string[][]> =>
      (await json<HistoryView['entries']>(...args)).map(({ id, state, log }) => [id, state, log]);
    expect(await history('downtime', 'history', 'work', '--since', '1h')).toEqual([
      ['work', 'started', 'of check=burns state=critical: began, by ann'],
      ['work', 'ended', 'of check=burns state=critical: removed, by cat'],
    ]);
    expect(await history('ack', 'history', 'burns')).toEqual([
      ['demo/check/burns', 'started', 'added, by ben: on it'],
      ['demo/check/burns', 'ended', expect.stringMatching(/^removed, by /)],
    ]);
    expect((await cli('silence', 'history', 'quiet')).stdout).toMatch(
      /^WHEN .*\n\S+ +quiet +absent +started +of pack=demo: added, by .*: known\n\S+ +quiet +started +ended /,
    );
  });

  it('end with the recovery', async () => {
    await cli('ack', 'add', 'burns', '--sticky');
    await cli('silence', 'add', 'burns', '--until', 'resolved', '--id', 'until-fine');
    agent.write('demo/checks/burns.yml', files['demo/checks/burns.yml'].replace('<', '>'));
    await agent.until('the ends', async () => {
      const left = [
        ...(await agent.get<object[]>('/api/v1/acknowledgements')),
        ...(await agent.get<{ id: string }[]>('/api/v1/silences')),
      ];
      return left.length === 1;
    });
    await agent.until('both in the log', async () =>
      ['acknowledgement ended', 'silence ended'].every((line) => agent.output().includes(line)),
    );
  });

  it('are made of several checks at once, and of those that can be before one that cannot', async () => {
    const states = (): Promise<string[]> =>
      Promise.all(
        ['aches', 'hurts'].map(async (name) => (await agent.get<CheckView>(`/api/v1/checks/${name}`)).state),
      );
    await agent.until('two problems', async () => (await states()).join() === 'critical,critical');
    const both = await json<AcknowledgementView[]>('ack', 'add', 'aches', 'hurts', '--comment', 'rest');
    expect(both.map(({ check, comment }) => `${check} ${comment}`)).toEqual([
      'sick/check/aches rest',
      'sick/check/hurts rest',
    ]);
    const some = await cli('ack', 'add', 'hurts', 'fine', 'aches');
    expect(some).toMatchObject({ code: 2, stdout: '' });
    expect(some.stderr).toMatch(/^acknowledged sick\/check\/hurts; ends .*\n.*demo\/check\/fine is ok/);
    expect(await cli('ack', 'remove', 'aches', 'hurts')).toMatchObject({ code: 0 });
  });

  it.each([
    [['downtime', 'add', 'burns'], 2, 'it has no end'],
    [['downtime', 'add', 'colour=red', '--duration', '1h'], 2, "'colour' is no field"],
    [['downtime', 'remove', 'wrk'], 2, "no downtime 'wrk'"],
    [['downtime', 'remove', 'demo/downtime/night'], 1, 'is of a file; take it out of the configuration'],
    [['silence', 'add', 'burns'], 2, "a silence needs an end: '--until resolved'"],
    [['silence', 'add', 'check=~(', '--until', '2h'], 2, "the pattern '(' cannot be used"],
    [['silence', 'add', 'fine', '--until', 'resolved'], 2, 'nothing that it matches has a problem now'],
    [['ack', 'add', 'fine'], 2, 'demo/check/fine is ok; only a problem can be acknowledged'],
    [['downtime', 'add', 'pack=demo', 'brns', '--duration', '1h'], 2, "no check 'brns'"],
    [['downtime', 'add', 'brns', '--duration', '1h'], 2, "did you mean 'burns'?"],
    [['silence', 'add', 'demo/check/brns', '--until', '1h'], 2, "'opsbro checks list' shows all"],
    [['ack', 'add', 'brns'], 2, "did you mean 'burns'?"],
    [['ack', 'add', 'burns', 'brns'], 2, "did you mean 'burns'?"],
    [['ack', 'remove', 'fine'], 2, "no acknowledgement of 'demo/check/fine'"],
  ])('%j fails with exit %i: %s', async (args, code, message) => {
    const failed = await cli(...args);
    expect(failed.stderr).toContain(message);
    expect(failed.code).toBe(code);
  });

  it('are taken with a warning when matchers with operators fit no check yet', async () => {
    const added = await cli('silence', 'add', 'check=to-come', '--until', '1h', '--id', 'early');
    expect(added).toMatchObject({ code: 0, stderr: 'warning: no check fits check=to-come yet\n' });
    expect(added.stdout).toContain('matches 0 checks\n');
    expect((await cli('silence', 'list')).stdout).toMatch(/^early +check=to-come +0 +in /m);
    await cli('silence', 'remove', 'early');
  });

  it('complete their names', async () => {
    const night = await cli(
      'downtime',
      'add',
      'fine',
      '--from',
      '23:00',
      '--to',
      '06:00',
      '--id',
      'complete-me',
    );
    expect(night).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^downtime complete-me: .*for [678]h/),
    });
    expect((await cli('__complete', '--', 'downtime', 'remove', 'comp')).stdout).toBe('complete-me\n');
    expect((await cli('__complete', '--', 'ack', 'add', 'bur')).stdout).toBe('burns\n');
    expect((await cli('__complete', '--', 'silence', '')).stdout).toBe('add\nhistory\nlist\nremove\n');
  });

  it.each([
    ['downtime', 'match: burns\n  hours: 25:00-26:00', "downtime: the hours '25:00-26:00' cannot be used"],
    ['downtime', 'match: burns\n  from: 2026-01-01\n  duration: 2 hours', "'duration' is the text"],
    ['downtime', 'match: burns\n  duration: 2h', "downtime: it lacks 'from'"],
    ['downtime', 'match: burns\n  cronn: "@daily"', "did you mean 'cron'?"],
    ['silence', 'match: "label=x"\n  until: 2h', "'label' is no field"],
    ['silence', 'match: burns', "lacks the key 'until'"],
  ])('a file with a bad %s is refused: %s', async (kind, keys, message) => {
    agent.write('demo/bad.yml', `${kind}:\n  ${keys}\n`);
    await agent.until(message, async () => {
      const { diagnostics } = await agent.get<ConfigStatusView>('/api/v1/config/status');
      return diagnostics.some((one) => one.place.file.endsWith('bad.yml') && one.message.includes(message));
    });
  });
});
