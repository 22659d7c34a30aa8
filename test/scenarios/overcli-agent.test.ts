import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import type { CheckView } from '../../control/shapes.ts';
import { freePort } from '../free-port.ts';
import { overcli, start, workplace } from '../overcli/overcli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const place = workplace();
let agent: RealAgent | undefined;
afterEach(() => agent?.dispose());
afterAll(() => place.remove());

/** A port that nobody has at the moment, and so soon nobody else will. */
it('reports to the agent’s push server: what waited with its age, a monitor, and no other key', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { OVERCLI_QUEUE: place.queue, OVERCLI_ENROLLMENT_TOKEN: 'let-me-in' };
  const status = (...words: string[]): Promise<unknown> =>
    overcli(['-s', url, '-i', 'web1:1234', 'service-status', '600', ...words], env);
  expect(await status('queue', 'FAIL', '0 items')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('queued'),
  });
  const [target = ''] = readdirSync(place.queue);
  const [name = ''] = readdirSync(join(place.queue, target));
  const file = join(place.queue, target, name);
  const waiting = JSON.parse(readFileSync(file, 'utf8'));
  // An hour ago, by both clocks.
  const earlier = { uptimeS: waiting.uptimeS - 3600, wallMs: waiting.wallMs - 3_600_000 };
  writeFileSync(file, JSON.stringify({ ...waiting, ...earlier }));

  const options = `enabled: true, port: ${port}, enrollment_token: let-me-in`;
  agent = await startRealAgent({ files: { 'push.yml': `overc: { ${options} }\n` } });
  const own = agent;
  const check = (id: string): Promise<CheckView> =>
    own.until(`a state of ${id}`, async () => {
      const view = await own.get<CheckView>(`/api/v1/checks/push/check/web1/${id}`).catch(() => undefined);
      return view !== undefined && view.state !== 'pending' && view;
    });
  await own.until('the push server', () => fetch(url).catch(() => null));
  expect(await status('queue', 'OK', '3 items')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await check('queue')).toMatchObject({ state: 'ok', output: '3 items' });
  const listed = await fetch(`${url}/ui/api/status/`);
  const { servers } = (await listed.json()) as { servers: { services: { id: number }[] }[] };
  const answer = await fetch(`${url}/ui/api/status/service/${servers[0]?.services[0]?.id}/states?hours=24`);
  const { states } = (await answer.json()) as { states: { state: string; rtime: string }[] };
  expect(states.map(({ state }) => state)).toEqual(['OK', 'FAIL']);
  const [now = 0, before = 0] = states.map(({ rtime }) => Date.parse(`${rtime.replace(' ', 'T')}Z`));
  expect(now - before).toBeGreaterThanOrEqual(3_599_000);

  const monitor = join(place.path, 'monitor.ini');
  const services = '[service:app]\nperiod=600\ncommand=sh -c "echo half; exit 1"\n';
  writeFileSync(monitor, `[overc]\nserver=${url}\nmy-name=web1\nmy-key=1234\n${services}`);
  expect(await overcli(['monitor', '--once', monitor], env)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await check('app')).toMatchObject({ state: 'warning', output: 'half' });
  expect(await overcli(['-s', url, '-i', 'web1:other', 'ping'], env)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('403 Invalid server key'),
  });
  await own.until('a report that met a busy server', async () => {
    const call = start(['-v', '-s', url, '-i', 'web1:1234', 'service-status', '600', 'queue', 'OK'], env);
    const busy = new AbortController();
    const flooded = flood(url, busy.signal);
    call.child.stderr?.on('data', () => call.stderr().includes('429') && busy.abort());
    const ended = await call.ended;
    busy.abort();
    await flooded;
    expect(ended.code).toBe(0);
    return ended.stderr.includes('429 too many reports of "web1"; 20 a second are taken; asks again in 1 s');
  });
});

/** Uses up what this address may send for a name. */
async function flood(url: string, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify({ server: { name: 'web1', key: '1234' } });
  while (!signal.aborted) await fetch(`${url}/api/ping`, { method: 'POST', body }).then((one) => one.text());
}
