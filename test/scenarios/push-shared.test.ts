import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databases, emptyDatabase } from '../../plugins/listeners/overc/storage/test-databases.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const pepper = '07'.repeat(32);

interface Peer {
  agent: RealAgent;
  url: string;
}

describe.each(await databases())('two agents on one %s', (_, server, isPresent) => {
  let scratch: string;
  let database: Awaited<ReturnType<typeof emptyDatabase>> | undefined;
  const agents: RealAgent[] = [];

  beforeEach(async (context) => {
    if (!isPresent) context.skip('nothing listens on its port');
    scratch = mkdtempSync(join(tmpdir(), 'opsbro-shared-'));
    database = await emptyDatabase(server);
  });
  afterEach(async () => {
    await Promise.all(agents.splice(0).map((agent) => agent.dispose()));
    await database?.remove();
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  });

  const told = (): string[] => {
    const path = join(scratch, 'told');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  };

  async function start(name: string): Promise<Peer> {
    const data = join(scratch, name);
    await mkdir(join(data, 'overc'), { recursive: true, mode: 0o700 });
    await writeFile(join(data, 'overc', 'pepper'), pepper, { mode: 0o600 });
    const line = `${name} $NAGIOS_SERVICEDESC $NAGIOS_SERVICESTATE`;
    const agent = await startRealAgent({
      files: {
        'push.yml': `overc: { enabled: true, port: 0, database: "${database?.url}" }\n`,
        'tell.yml': `handler: { type: exec, command: /bin/sh, args: [-c, 'echo "${line}" >> ${join(scratch, 'told')}'] }\n`,
      },
      data,
    });
    agents.push(agent);
    const port = await agent.until('the push server', async () => {
      const found = await agent.get<{ port?: number }>('/api/v1/push').catch(() => undefined);
      return found?.port;
    });
    return { agent, url: `http://127.0.0.1:${port}` };
  }

  async function report({ url }: Peer, state: string): Promise<number> {
    const body = { server: { name: 'web1', key: '1' }, period: 600, services: [{ name: 'queue', state }] };
    return (await fetch(`${url}/api/set/service/status`, { method: 'POST', body: JSON.stringify(body) }))
      .status;
  }
  const ofPush = (): string[] => told().filter((line) => line.includes('queue'));
  const supervises = async ({ agent }: Peer): Promise<boolean> =>
    (await agent.get<{ supervises: boolean }>('/api/v1/push')).supervises;

  /** Waits until all that it has to tell is told, and written down as told. */
  const hasToldAll = ({ agent }: Peer): Promise<true> =>
    agent.until('all to be told', async () => (await agent.get<object[]>('/api/v1/outbox')).length === 0);

  it('have one supervise and tell, and the other when that one is killed', async () => {
    const one = await start('one');
    const other = await start('other');
    expect([await supervises(one), await supervises(other)]).toEqual([true, false]);
    expect(await report(other, 'ERR')).toBe(200);
    await one.agent.until('the problem', async () => ofPush().length > 0);
    // What was told and not yet written down as told is told once more after a kill.
    await hasToldAll(one);
    await expect(other.agent.get('/api/v1/checks/push/check/web1/queue')).rejects.toThrow('no check');
    await one.agent.kill('SIGKILL');
    await other.agent.until('the takeover', () => supervises(other));
    await other.agent.until('the problem again', async () => ofPush().length > 1);
    expect(await report(other, 'OK')).toBe(200);
    await other.agent.until('the recovery', async () => ofPush().length > 2);
    const again = await start('one');
    expect(await supervises(again)).toBe(false);
    await again.agent.until('its checks to be gone', async () =>
      again.agent.get('/api/v1/checks/push/check/web1/queue').then(
        () => false,
        () => true,
      ),
    );
    // Whoever heard of the problem from it hears of its end from it.
    await again.agent.until('its own recovery', async () => ofPush().length > 3);
    // A look at everything finds whatever somebody is still to be told of.
    await again.agent.post('/api/v1/agent/reload');
    await hasToldAll(again);
    expect(ofPush()).toEqual([
      'one web1/queue CRITICAL',
      'other web1/queue CRITICAL',
      'other web1/queue OK',
      'one web1/queue OK',
    ]);
  });
});
