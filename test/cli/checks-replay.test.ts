import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
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

/** An hour of load of the node `host`, high since twenty minutes. */
async function stored(): Promise<void> {
  const whisper = new WhisperFolder(join(place.folder, 'data', 'metrics', 'whisper'));
  whisper.write(
    'host.loadaverage.load1',
    {
      retentions: '10s:6h,1m:7d',
      aggregation: 'average',
      step: 10,
      span: 3600,
      valueAt: (_, time) => (time < now - 1200 ? 1 : 9),
    },
    now,
  );
  await place.agent({
    '/api/v1/agent': { name: 'host', uuid: 'u', data: join(place.folder, 'data'), groups: [], config: [] },
    '/api/v1/checks': [],
    '/api/v1/config/running': [],
  });
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
