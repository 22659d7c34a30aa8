import { expect, it } from 'vitest';
import { encodeRecord } from './codec.ts';
import { ListedMembers } from './member-table.ts';
import type { Member } from './members.ts';
import type { MemberState } from './messages.ts';
import { seededRandom } from './simulation/virtual-time.ts';

function member(uuid: string, state: MemberState = 'alive'): Member {
  const record = {
    uuid,
    name: uuid,
    addresses: [uuid],
    port: 1,
    zone: 'lan',
    groups: [],
    incarnation: 1,
    key: new Uint8Array(),
  };
  const alive = {
    kind: 'alive',
    body: encodeRecord(record),
    signature: new Uint8Array(),
    record,
  } as const;
  return { uuid, alive, incarnation: 1, state, sinceMs: 0, accusers: [] };
}

function tableOf(...members: Member[]): ListedMembers {
  const table = new ListedMembers();
  for (const one of members) table.set(one);
  return table;
}

it('counts who takes part, through every change', () => {
  const table = tableOf(member('a'), member('b'), member('c', 'suspect'));
  expect([table.size, table.live]).toEqual([3, 3]);
  table.set(member('b', 'dead'));
  table.set(member('c', 'leave'));
  expect([table.size, table.live, table.gone().map(({ uuid }) => uuid)]).toEqual([3, 1, ['b', 'c']]);
  table.set(member('b'));
  table.delete('a');
  table.delete('c');
  table.delete('nobody');
  expect([table.size, table.live, table.uuids(), table.get('a')]).toEqual([1, 1, ['b'], undefined]);
  expect(table.get('b')?.state).toBe('alive');
});

it('samples whom it is asked for, each once', () => {
  const table = tableOf(member('a'), member('b'), member('c', 'dead'), member('d'));
  const random = seededRandom(4);
  const isAlive = ({ state }: Member): boolean => state === 'alive';
  for (let round = 0; round < 20; round += 1) {
    const names = table.sample(9, isAlive, random).map(({ uuid }) => uuid);
    expect(names.sort()).toEqual(['a', 'b', 'd']);
    expect(table.sample(2, isAlive, random)).toHaveLength(2);
  }
  expect(table.sample(0, isAlive, random)).toEqual([]);
});
