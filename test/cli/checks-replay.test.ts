import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cleanStep } from '../../plugins/listeners/graphite/history.ts';
import { WhisperFolder } from '../graphite/whisper-folder.ts';
import { Workplace } from './workplace.ts';

const now = Math.floor(Date.now() / 1000);

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => place.dispose());

const check = (limit: number): string =>
  `check:\n  interval: 30s\n  critical_if: "{{collector.loadaverage.load1}} > ${limit}"\n`;

/** An hour of load of this host, high since twenty minutes, and ten minutes more: what is late on a busy machine is not so here. */
function store(): void {
  const whisper = new WhisperFolder(join(place.folder, 'data', 'metrics', 'whisper'));
  whisper.write(
    `${cleanStep(hostname())}.loadaverage.load1`,
    {
      retentions: '10s:6h,1m:7d',
      aggregation: 'average',
      step: 10,
      span: 4200,
      valueAt: (_, time) => (time < now - 1200 ? 1 : 9),
    },
    now + 600,
  );
}

it('says where a file is wrong, and what is no check', async () => {
  const bad = place.write('../bad.yml', 'check:\n  interval: 30s\n  critical_iff: "1 > 2"\n');
  const { code, err } = await place.opsbro(['checks', 'replay', bad]);
  expect([code, err]).toEqual([78, expect.stringContaining('bad.yml:3:3: ')]);
  const wrong = place.write('../wrong.yml', 'check:\n  interval: 30s\n  critical_if: "1 >"\n');
  expect(await place.opsbro(['checks', 'replay', wrong])).toMatchObject({
    code: 78,
    err: expect.stringContaining('wrong.yml:3:'),
  });
  expect(await place.opsbro(['checks', 'replay', 'absent.yml'])).toMatchObject({
    code: 78,
    err: 'opsbro: absent.yml: there is no such file\n',
  });
  place.write('high.yml', check(5));
  expect(await place.opsbro(['checks', 'replay', 'hihg'])).toMatchObject({
    code: 2,
    err: expect.stringContaining("did you mean 'high'?"),
  });
  expect(await place.opsbro(['checks', 'replay', 'high'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('there is no history of metrics in '),
  });
});

it('tells what is stored where that is less than the time that was asked for', async () => {
  store();
  place.write('base/high.yml', check(5));
  const said = async (...more: string[]) => (await place.opsbro(['checks', 'replay', 'high', ...more])).out;
  const week = await said('--since', '7d');
  expect(week).toMatch(
    /\nwhat is stored of this node begins at \S+Z: the replay runs over the 1h( \dm)? since then\n/,
  );
  expect(week).toMatch(/\n {2}1[12]\d runs; nothing was measured for 6d 2[23]h\n/);
  const hour = await said('--since', '50m');
  expect(hour).not.toContain('what is stored of this node');
  const before = await said('--since', '1h', '--until', '3h');
  expect(before).toMatch(/\nwhat is stored of this node is of \S+Z to \S+Z: none of it is of this time\n/);
});

it('replays a file that is not in the configuration, in the pack of its name, and a plan', async () => {
  store();
  place.write('base/high.yml', check(50));
  const file = place.write('../high.yml', check(5));
  const read = async (line: string[]) => JSON.parse((await place.opsbro([...line, '--json'])).out);
  const { checks } = await read(['checks', 'replay', file, '--since', '50m']);
  expect(checks).toMatchObject([
    {
      id: 'base/check/high',
      place: { file, line: 1 },
      would: { problems: [{ state: 'critical', until: null }] },
      did: null,
      resolution: [{ archive: '10s:6h' }],
    },
  ]);
  const { replay } = await read(['config', 'plan', '--replay', '50m']);
  const planned = replay.checks.find(({ id }: { id: string }) => id === 'base/check/high');
  expect(planned.would.problems).toEqual([]);
  expect(replay.checks.length).toBeGreaterThan(1);
  const { code, out, err } = await place.opsbro(['checks', 'replay', file, '--since', '50m']);
  expect([code, err]).toEqual([0, expect.stringContaining('no agent runs here')]);
  expect(err).toContain("is taken as a change of base/check/high; to be one, it must lie in a folder 'base'");
  expect(out).toContain('from archive 10s:6h');
  expect(out).toMatch(/would have fired:\n.*\n.*critical/);
});
