import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onBackend } from '../storage/test-backend.ts';
import { databases } from '../storage/test-databases.ts';
import { startPush, type TestPush } from '../test-push.ts';

describe.each(await databases())('services in %s, which others change too', (_, server, isPresent) => {
  const backend = onBackend(server, isPresent);
  let push: TestPush | undefined;

  beforeEach(async () => {
    push = await startPush(backend.folder, { database: backend.url });
  });
  afterEach(async () => {
    await push?.stop();
    push = undefined;
  });

  it('stay checks where one was removed elsewhere and registered here before that was seen', async () => {
    const report = async (): Promise<void> => {
      const services = [{ name: 'app', state: 'OK', info: '' }];
      const body = { server: { name: 'web1', key: 'k' }, period: 60, services };
      expect((await push?.post('/api/set/service/status', body))?.[0]).toBe(200);
    };
    await report();
    await push?.overc.pass();
    for (const table of ['push_states', 'push_alerts', 'push_services'])
      await backend.database?.query(`DELETE FROM ${table}`);
    await report();
    const defined = (): number => (push?.reports ?? []).flatMap(({ checks = [] }) => checks).length;
    await expect.poll(defined, { timeout: 10_000 }).toBe(2);
    await push?.overc.pass();
    await push?.overc.pass();
    const known = new Set<string>();
    for (const { removed = [], checks = [] } of push?.reports ?? []) {
      for (const id of removed) known.delete(id);
      for (const { id } of checks) known.add(id);
    }
    expect([...known]).toEqual(['push/check/web1/app']);
  });
});
