import type { JsonObject } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import type { ServiceObject } from '../../configuration/model.ts';
import { systemClock } from '../../core/clock.ts';
import type { PlainError } from '../../core/errors.ts';
import type { LogLine } from '../../threads/protocol.ts';
import { ServiceHost } from '../../threads/services/services.ts';
import { fixtureModule, jobOf, openPool, threadData } from './plugin-fixtures.ts';

const schema = { type: 'object', properties: { token: { format: 'secret' } } };
const secret = 'a-token-nobody-may-read';

it('shows no secret of a plugin in the log of its run, its error, its reason, or what comes late', async () => {
  const { pool, late } = openPool();
  const run = (tells: string) =>
    pool.run(jobOf('uses-secret', { schema, options: { token: secret, tells } }));
  const line = {
    level: 'warn',
    message: 'logs in with ********',
    fields: { url: 'http://me:********@host/', '********': 1 },
  };
  expect(await run('throws')).toMatchObject({
    error: { code: 'OPSBRO_PLUGIN_FAILED', message: 'login with ******** failed' },
    logs: [line],
  });
  expect(await run('not-eligible')).toMatchObject({ reason: 'nobody is there for ********', logs: [line] });
  await run('late');
  await expect
    .poll(() => late, { timeout: 20_000 })
    .toMatchObject([{ error: { message: 'too late for ********' } }]);
  await pool.close(0);
});

it('shows none of a service', async () => {
  const lines: LogLine[] = [];
  const errors: PlainError[] = [];
  const host = new ServiceHost({
    threadData,
    clock: systemClock,
    limits: { firstMs: 1, longestMs: 4, jitter: 0, failures: 1, windowMs: 600_000 },
    load: () => ({}),
    save: () => undefined,
    emit: () => undefined,
    log: (_, line) => lines.push(line),
    changed: (_, __, error) => {
      if (error !== null) errors.push(error);
    },
  });
  const name = 'service-tells-secret';
  const manifest = { api: 1, kind: 'listener', name, summary: '', runs: 'service', options: schema } as const;
  const entry = {
    id: `listener/${name}`,
    manifest: { ...manifest, options: schema as JsonObject },
    folder: '',
    module: fixtureModule(name),
    origin: 'shipped',
    approval: 'shipped',
    digest: '',
  } as const;
  void host.start(entry, { name, options: { token: secret } } as unknown as ServiceObject);
  await expect.poll(() => errors.length, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(errors[0]?.message).toContain('login with ******** failed');
  expect(JSON.stringify([errors, lines])).not.toContain(secret);
  expect(lines[0]).toEqual({
    level: 'warn',
    message: 'logs in with ********',
    fields: { user: 'me:********' },
  });
  await host.stopAll();
});
