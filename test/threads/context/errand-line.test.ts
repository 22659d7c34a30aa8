import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from 'opsbro/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PluginEntry, ServiceObject } from '../../../configuration/model.ts';
import { systemClock } from '../../../core/clock.ts';
import { createErrands } from '../../../sandbox/grants/errands.ts';
import { Keys } from '../../../sandbox/grants/keys.ts';
import type { ErrandRunner } from '../../../sandbox/model.ts';
import { openStore, type Store } from '../../../store/level.ts';
import { ErrandLine, openErrandLine } from '../../../threads/context/errand-line.ts';
import type { JobPool } from '../../../threads/pool/job-pool.ts';
import { ServiceHost } from '../../../threads/services/services.ts';
import { fixtureModule, jobOf, openPool, threadData } from '../plugin-fixtures.ts';

let directory: string;
let store: Store;
let errand: ErrandRunner;
let pool: JobPool;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'opsbro-line-'));
  store = await openStore(directory);
  errand = createErrands({ run: () => Promise.reject(new Error('no programs here')) }, new Keys(store));
});

afterEach(async () => {
  await pool?.close(1000);
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const call = (name: string, ...args: Json[]) =>
  pool.run(jobOf('keeper', { type: 'call', object: name, args, timeoutMs: 2000 }));

describe('ctx.kv of trusted code', () => {
  it('keeps what a job keeps, for the next one', async () => {
    ({ pool } = openPool({ errand }));
    expect(await pool.run(jobOf('keeper'))).toMatchObject({ value: { runs: 1, keys: 'keeper/runs' } });
    expect(await pool.run(jobOf('keeper'))).toMatchObject({ value: { runs: 2 } });
    expect(await store.get('kv/keeper/runs')).toBe(2);
  });

  it('passes the agent’s refusal on', async () => {
    ({ pool } = openPool({ errand }));
    expect(await call('keep', 'keeper/big', 65_534)).toMatchObject({ status: 'done' });
    for (const [key, size] of [
      ['keeper/big', 65_535],
      ['', 1],
      ['k'.repeat(513), 1],
    ] as const)
      expect(await call('keep', key, size)).toMatchObject({ error: { code: 'OPSBRO_API_INVALID' } });
  });

  it('ends a wait with the run, and tells the main thread', async () => {
    let fired = 0;
    const never: ErrandRunner = (_plugin, _errand, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          fired += 1;
          reject(signal.reason);
        });
      });
    ({ pool } = openPool({ errand: never }));
    expect(await call('wait')).toMatchObject({ error: { code: 'OPSBRO_PLUGIN_TIMEOUT' } });
    await expect.poll(() => fired).toBe(1);
  });

  it('is refused where nothing is kept', async () => {
    ({ pool } = openPool());
    expect(await call('wait')).toMatchObject({ error: { code: 'OPSBRO_AGENT_STORE' } });
  });

  it('reaches services as well', async () => {
    const emits: Json[] = [];
    const host = new ServiceHost({
      threadData,
      clock: systemClock,
      errand,
      load: () => ({}),
      save: () => undefined,
      emit: (_, __, data) => emits.push(data),
      log: () => undefined,
      changed: () => undefined,
    });
    const id = 'listener/service-keeper';
    const manifest = {
      api: 1,
      kind: 'listener',
      name: 'service-keeper',
      summary: '-',
      runs: 'service',
    } as const;
    const entry = { id, manifest, module: fixtureModule('service-keeper') } as unknown as PluginEntry;
    await host.start(entry, { id: 'x', plugin: id, name: 'x', options: {} } as unknown as ServiceObject);
    await expect.poll(() => emits).toEqual([{ here: true }]);
    expect(await store.get('kv/keeper/service')).toEqual({ here: true });
    await host.stopAll();
  });
});

it('an answer of a route comes by its own memory, not by a copy', async () => {
  const body = new Uint8Array(1 << 20).fill(7);
  const port = openErrandLine(errand, async () => ({ status: 200, type: 'image/png', body }));
  const route = { route: '/x', method: 'GET', params: {}, query: {}, body: null } as const;
  const answer = await new ErrandLine(port).ask('exporter/http', route, new AbortController().signal);
  expect([answer.body.byteLength, answer.body[0], body.byteLength]).toEqual([1 << 20, 7, 0]);
  port.close();
});
