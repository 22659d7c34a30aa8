import type { Json, KeyValues } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { SavedTable } from './saved-table.ts';

/** A store that takes no value of the names in `full`. */
function store() {
  const values = new Map<string, Json>();
  const full = new Set<string>();
  const kv: Pick<KeyValues, 'get' | 'put' | 'list'> = {
    get: async (key) => values.get(key),
    put: async (key, value) => {
      if (full.has(key)) throw new Error(`no room for ${key}`);
      values.set(key, value);
    },
    list: async (prefix = '') => [...values.keys()].filter((key) => key.startsWith(prefix)),
  };
  return { values, full, saved: new SavedTable(kv as KeyValues, 'own') };
}

it('tells whoever saves a value that it was not saved, also while another is written', async () => {
  const { saved, full } = store();
  full.add('gossip/own/keyring');
  const [, second] = await Promise.allSettled([saved.put('incarnation', 1), saved.put('keyring', 'k')]);
  expect(second.status).toBe('rejected');
});

it('saves what found no room once there is some, and everything else meanwhile', async () => {
  const { saved, full, values } = store();
  full.add('gossip/own/keyring');
  await expect(saved.put('keyring', 'k')).rejects.toThrow(/no room/);
  await saved.put('incarnation', 2).catch(() => undefined);
  expect(values).toEqual(new Map([['gossip/own/incarnation', 2]]));
  full.clear();
  await saved.put('incarnation', 3);
  expect(values.get('gossip/own/keyring')).toBe('k');
});
