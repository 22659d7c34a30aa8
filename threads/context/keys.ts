import type { Context, Json } from 'opsbro/sdk';
import type { Errand } from '../../sandbox/model.ts';
import { copyTree, type TreeLimits } from './tree.ts';

const valueLimits: TreeLimits = {
  depth: 32,
  leaves: 10_000,
  stringBytes: 64 * 1024,
  totalBytes: 512 * 1024,
  code: 'OPSBRO_API_INVALID',
  notFinite: 'refuse',
};

/** `ctx.kv` of one run. Trusted code may use every key; the main thread knows what a key and a value may be. */
export function createKeys(send: (errand: Errand) => Promise<Json>): Context['kv'] {
  return {
    get: async (key) => (await send({ type: 'kv', op: 'get', key: String(key) })) ?? undefined,
    put: async (key, value) => {
      const copy = copyTree(value, valueLimits).value;
      await send({ type: 'kv', op: 'put', key: String(key), value: copy });
    },
    delete: async (key) => {
      await send({ type: 'kv', op: 'delete', key: String(key) });
    },
    list: async (prefix) => (await send({ type: 'kv', op: 'list', key: String(prefix) })) as string[],
  };
}
