import { afterEach, describe, expect, it } from 'vitest';
import { onBackend } from '../storage/test-backend.ts';
import { databases } from '../storage/test-databases.ts';
import { startPush, type TestPush } from '../test-push.ts';

describe.each(await databases())('tables of an earlier version in %s', (_, server, isPresent) => {
  const backend = onBackend(server, isPresent);
  let push: TestPush | undefined;

  afterEach(async () => {
    await push?.stop();
    push = undefined;
  });

  const start = async (): Promise<TestPush> => {
    await push?.stop();
    push = await startPush(backend.folder, { database: backend.url });
    return push;
  };
  const query = async (sql: string) => (await backend.database?.query(sql))?.rows ?? [];
  const report = async (own: TestPush, state: string): Promise<number> => {
    const services = [{ name: 'app', state, info: state }];
    const body = { server: { name: 'web1', key: 'k' }, period: 60, services };
    return (await own.post('/api/set/service/status', body))[0];
  };

  it.each([
    ['as it left them', ['DROP TABLE push_lease', 'DELETE FROM push_versions WHERE version = 2']],
    ['as an upgrade left them that was killed', ['DELETE FROM push_versions WHERE version = 2']],
  ])('%s are brought up to date, with what is in them', async (_what, back) => {
    expect(await report(await start(), 'WARN')).toBe(200);
    await push?.stop();
    push = undefined;
    for (const sql of back) await query(sql);
    const own = await start();
    expect(await report(own, 'OK')).toBe(200);
    const [, { states }] = await own.get('/ui/api/status/service/1/states');
    expect((states as { info: string }[]).map(({ info }) => info)).toEqual(['OK', 'WARN']);
    expect(await query('SELECT version FROM push_versions ORDER BY version')).toEqual([
      { version: 1 },
      { version: 2 },
    ]);
    expect(await query('SELECT id FROM push_lease')).toEqual([{ id: 1 }]);
    await own.overc.pass();
    expect(own.reports.flatMap(({ alerts = [] }) => alerts).length).toBeGreaterThan(0);
  });
});
