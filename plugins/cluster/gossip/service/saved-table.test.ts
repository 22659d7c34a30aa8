import type { Json, KeyValues } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { encodeRecord } from '../codec.ts';
import type { StateRow } from '../messages.ts';
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
  const moment = { epochMs: 1_700_000_000_000, boot: 'one', uptimeMs: 5000 };
  return { values, full, moment, saved: new SavedTable(kv as KeyValues, 'own', () => ({ ...moment })) };
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

it('gives rows back older by the time that passed, whoever set the clock meanwhile', async () => {
  const { saved, moment } = store();
  const own = { uuid: 'b', name: 'b', addresses: ['b'], port: 1, zone: 'lan', groups: [], incarnation: 3 };
  const record = { ...own, key: new Uint8Array() };
  const signature = new Uint8Array();
  const alive = { kind: 'alive', body: encodeRecord(record), signature, record } as const;
  const died = { incarnation: 3, ageMs: 1000, by: 'c', evidence: 'refused', signature } as const;
  const row: StateRow = { kind: 'state', alive, state: 'dead', ...died };
  await saved.saveRows([row]);
  const age = async (): Promise<number | undefined> => (await saved.rows())[0]?.ageMs;
  const threeDaysMs = 72 * 3_600_000;
  Object.assign(moment, { epochMs: moment.epochMs + threeDaysMs + 2000, uptimeMs: 7000 });
  expect(await age()).toBe(3000);
  // Over a start of the host nothing but the clock tells; a clock that was set back tells nothing.
  Object.assign(moment, { boot: 'two', uptimeMs: 100 });
  expect(await age()).toBe(threeDaysMs + 3000);
  moment.epochMs -= 2 * threeDaysMs;
  expect(await age()).toBe(1000);
});
