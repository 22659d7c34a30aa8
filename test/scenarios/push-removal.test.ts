import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CheckView } from '../../control/shapes.ts';
import { type CommandResult, command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent;
let url: string;

beforeAll(async () => {
  agent = await startRealAgent({ files: { 'push.yml': 'overc: { enabled: true, port: 0 }\n' } });
  const { port } = await agent.until('the push server', async () => {
    const found = await agent.get<{ port?: number }>('/api/v1/push').catch(() => undefined);
    return found?.port === undefined ? undefined : { port: found.port };
  });
  url = `http://127.0.0.1:${port}`;
});

afterAll(() => agent?.dispose());

const cli = (...args: string[]): Promise<CommandResult> => command(['--data', agent.data, ...args]);
const complete = async (...words: string[]): Promise<string[]> =>
  (await cli('__complete', '--', ...words)).stdout.split('\n').filter((line) => line !== '');

async function report(name: string, ...services: string[]): Promise<void> {
  const { status } = await fetch(`${url}/api/set/service/status`, {
    method: 'POST',
    body: JSON.stringify({
      server: { name, key: '1234' },
      period: 600,
      services: services.map((service) => ({ name: service, state: 'OK', info: 'fine' })),
    }),
  });
  expect(status).toBe(200);
}

/** Waits until exactly these pushed services are checks of the agent. */
async function checksAre(names: string[]): Promise<void> {
  await agent.until(`the checks ${names.join(', ')}`, async () => {
    const all = await agent.get<CheckView[]>('/api/v1/checks');
    const pushed = all.filter(({ pack }) => pack === 'push').map(({ name }) => name);
    return JSON.stringify(pushed.sort()) === JSON.stringify(names);
  });
}

it('takes away what reports no more, by its name, and brings it back', async () => {
  await report('web1', 'queue', 'backup');
  await report('web2', 'queue');
  await checksAre(['web1/backup', 'web1/queue', 'web2/queue']);
  expect(await complete('push', 'remove', 'web1')).toEqual(['web1', 'web1/backup', 'web1/queue']);

  const service = await cli('push', 'remove', 'web1/queue');
  expect(service).toMatchObject({ code: 0, stderr: '' });
  expect(service.stdout).toBe(
    "removed web1/queue; for ten minutes 'opsbro push undo web1/queue' brings it back\n",
  );
  expect((await cli('push', 'remove', 'web2')).stdout).toMatch(/^removed web2 and its 1 service; for ten/);
  await checksAre(['web1/backup']);

  const removed = (await cli('push', 'removed')).stdout;
  expect(removed).toMatch(/^NAME +KIND +GONE FOR GOOD\n/);
  expect(removed).toMatch(/^web1\/queue +service +in (9m|10m)/m);
  expect(await complete('push', 'undo', 'web')).toEqual(['web1/queue', 'web2']);
  expect(await cli('push', 'undo', 'web1/queue')).toMatchObject({ code: 0, stdout: 'web1/queue is back\n' });
  expect((await cli('push', 'undo', 'web2', '--json')).json()).toMatchObject({ restored: 'web2' });
  await checksAre(['web1/backup', 'web1/queue', 'web2/queue']);
  expect((await cli('push', 'removed')).stdout).toBe('nothing was removed in the last ten minutes\n');
});

it('brings back by the name that it was removed by, also where a name has a slash', async () => {
  await report('rack/1', 'queue');
  await checksAre(['rack/1/queue', 'web1/backup', 'web1/queue', 'web2/queue']);
  const { stdout } = await cli('push', 'remove', 'rack/1/queue');
  expect(stdout).toContain("'opsbro push undo rack/1/queue'");
  expect(await complete('push', 'undo', 'rack')).toEqual(['rack/1/queue']);
  expect(await cli('push', 'undo', 'rack/1/queue')).toMatchObject({ code: 0, stderr: '' });
  await checksAre(['rack/1/queue', 'web1/backup', 'web1/queue', 'web2/queue']);
});

it('says which name was meant', async () => {
  expect(await cli('push', 'remove', 'web1/queu')).toMatchObject({
    code: 2,
    stderr: "opsbro: no server or service 'web1/queu' reports here; did you mean 'web1/queue'?\n",
  });
  expect(await cli('push', 'undo', 'web1')).toMatchObject({
    code: 2,
    stderr: "opsbro: no 'web1' was removed in the last ten minutes\n",
  });
});
