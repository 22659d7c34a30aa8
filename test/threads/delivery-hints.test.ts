import { testEvent } from 'opsbro/sdk/testing';
import { afterAll, expect, it } from 'vitest';
import { jobOf, openPool } from './plugin-fixtures.ts';

const { pool } = openPool();
afterAll(() => pool.close(0));

it.each([
  [{ retryAfterMs: 30_000 }, { retryAfterMs: 30_000 }],
  [
    { permanent: true, retryAfterMs: 5 },
    { permanent: true, retryAfterMs: 5 },
  ],
  [{ retryAfterMs: Number.NaN }, undefined],
  [{}, undefined],
])('carries what a failed delivery asks for across the threads: %j', async (options, data) => {
  const job = jobOf('refuses-delivery', { type: 'handle', event: testEvent('test'), options });
  const result = await pool.run(job);
  const error = { code: 'OPSBRO_HOST_DELIVERY', message: 'refused', ...(data !== undefined && { data }) };
  expect(result.status === 'failed' && result.error).toEqual(error);
});

it('carries what a handler remembers although it failed, so that it need not tell again what it has told', async () => {
  const job = jobOf('refuses-delivery', { type: 'handle', event: testEvent('test'), state: { tries: 1 } });
  expect(await pool.run(job)).toMatchObject({ status: 'failed', state: { tries: 2 } });
  const collects = jobOf('throws', { state: { tries: 1 } });
  expect(await pool.run(collects)).not.toHaveProperty('state');
});
