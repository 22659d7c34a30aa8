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

/** An hour of load of this host, high since twenty minutes. */
function store(): void {
  const whisper = new WhisperFolder(join(place.folder, 'data', 'metrics', 'whisper'));
  whisper.write(
    `${cleanStep(hostname())}.loadaverage.load1`,
    {
      retentions: '10s:6h,1m:7d',
      aggregation: 'average',
      step: 10,
      span: 3600,
      valueAt: (_, time) => (time < now - 1200 ? 1 : 9),
    },
    now,
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
