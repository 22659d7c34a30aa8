import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databases, emptyDatabase } from '../storage/test-databases.ts';
import { scratch, startPush, type TestPush } from '../test-push.ts';

describe.each(await databases())('tables of an earlier version in %s', (_, server, isPresent) => {
  let place: ReturnType<typeof scratch>;
  let made: Awaited<ReturnType<typeof emptyDatabase>> | undefined;
  let push: TestPush | undefined;

  beforeEach(async (context) => {
    if (!isPresent) context.skip('nothing listens on its port');
    place = scratch();
    made = await emptyDatabase(server);
  });
  afterEach(async () => {
    await push?.stop();
    await made?.remove();
    place?.remove();
    push = undefined;
  });

  const start = async (): Promise<TestPush> => {
    await push?.stop();
    push = await startPush(place.folder, { database: made?.url ?? '' });
    return push;
  };
  const query = async (sql: string) => (await made?.database.query(sql))?.rows ?? [];
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
