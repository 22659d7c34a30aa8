import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadDeadlineMs } from '../../configuration/client.ts';
import { startSeconds } from '../../control/defaults.ts';
import { Workplace } from './workplace.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => place.dispose());

it.each(['systemd', 'initd'])('names in the %s file the directories of the agent that runs', async (kind) => {
  await place.agent({ '/api/v1/agent': { config: ['/opt/opsbro/config.d', '/srv/own.d', '/srv/more.d'] } });
  const { out } = await place.opsbro(['generate', kind], null);
  expect(out).toContain(`--data ${place.folder}/data --config /srv/own.d --config /srv/more.d\n`);
  const named = await place.opsbro(['generate', kind]);
  expect(named.out).toContain(`--data ${place.folder}/data --config ${place.config}\n`);
});

it('has systemd wait as long as an agent may take to load and to run its first round', async () => {
  const { out } = await place.opsbro(['generate', 'systemd']);
  const seconds = Number(/^TimeoutStartSec=(\d+)$/m.exec(out)?.[1]);
  expect(seconds).toBe(startSeconds);
  expect(seconds * 1000).toBeGreaterThan(loadDeadlineMs + 30_000);
});

it('names the defaults where no agent runs', async () => {
  const { code, out, err } = await place.opsbro(['generate', 'systemd'], null);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain(`agent start --data ${place.folder}/data\n`);
});
