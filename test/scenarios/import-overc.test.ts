import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import {
  emptyDatabase,
  isThere,
  servers,
  type TestServer,
} from '../../plugins/listeners/overc/storage/test-databases.ts';
import { installOld } from '../../plugins/listeners/overc/takeover/test-installation.ts';
import { opsbro } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const [mariadb] = servers as [TestServer];
const isPresent = await isThere(mariadb);
const scratch = mkdtempSync(join(tmpdir(), 'opsbro-import-'));
let agent: RealAgent | undefined;
let database: Awaited<ReturnType<typeof emptyDatabase>> | undefined;

afterEach(async () => {
  await agent?.dispose();
  await database?.remove();
  rmSync(scratch, { recursive: true, force: true });
});

it.skipIf(!isPresent)(
  'takes an OverC 1.0.9 over: files first, its data once an agent runs with them',
  async () => {
    database = await emptyDatabase(mariadb);
    const rtime = new Date(Date.now() - 60_000).toISOString().slice(0, 19).replace('T', ' ');
    await installOld(database.database, true, {
      servers: [{ title: 'web1', name: 'web1', key: 'k1', ip: '192.0.2.1' }],
      services: [{ server: 1, period: 600, timedOut: false, name: 'app', title: 'app' }],
      states: [{ service: 1, rtime, state: 'WARN', info: 'busy' }],
      alerts: [],
    });
    const ini = join(scratch, 'server.ini');
    writeFileSync(ini, `[overc]\ndatabase = ${database.url}\n[alert:log]\ncommand = /bin/cat\n`);
    const [out, data] = [join(scratch, 'overc.d'), join(scratch, 'data')];
    const words = ['--data', data, 'import', 'overc', ini, '--out', out];
    const first = await opsbro(words);
    expect(first).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('no data was carried: no agent'),
    });
    const own = await startRealAgent({ config: out, data });
    agent = own;
    await own.until('the push server', async () => own.get('/api/v1/push').catch(() => undefined));
    const second = await opsbro([...words, '--json']);
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.json<{ data: object }>().data).toMatchObject({
      state: 'done',
      services: { carried: 1 },
      not_carried: [],
    });
    const check = await own.until('the check', async () => {
      const found = await own
        .get<{ state: string; output: string }>('/api/v1/checks/push/check/web1/app')
        .catch(() => undefined);
      return found?.state === 'pending' ? undefined : found;
    });
    expect(check).toMatchObject({ state: 'warning', output: 'busy' });
    expect((await opsbro(['--data', data, 'push', 'servers', 'list'])).stdout).toMatch(
      /web1 +192\.0\.2\.1 +1 +1m( \d+s)? ago/,
    );
  },
);
