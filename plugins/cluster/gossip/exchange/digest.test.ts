import { describe, expect, it } from 'vitest';
import { encodeRecord } from '../codec.ts';
import type { EventMessage, StateRow } from '../messages.ts';
import { differingParts, digestOf, type Entry, partLimit, partOf, partsFor, partsIn } from './digest.ts';

/** A row of a table; `groups` stand for all that a node says of itself. */
function row(uuid: string, more: Partial<StateRow> = {}, groups: string[] = []): StateRow {
  const record = { uuid, name: uuid, addresses: ['a'], port: 1, zone: 'lan', groups, incarnation: 1 };
  const body = encodeRecord({ ...record, key: new Uint8Array() });
  const signature = new Uint8Array();
  return {
    kind: 'state',
    alive: { kind: 'alive', body, signature, record: { ...record, key: new Uint8Array() } },
    ...{ state: 'alive', incarnation: 1, ageMs: 0, by: '', evidence: 'reported', signature },
    ...more,
  };
}

const event = (id: string): EventMessage => ({
  ...{ kind: 'event', id, name: 'deploy', from: 'a', ageMs: 1, payload: '1' },
});

const table: Entry[] = [
  ...Array.from({ length: 60 }, (_, index) => row(`node-${index}`)),
  ...Array.from({ length: 4 }, (_, index) => event(`event-${index}`)),
];
const differing = (other: Entry[], parts = 8): number[] =>
  differingParts(digestOf(table, parts, 7), digestOf(other, parts, 7));

describe('a digest', () => {
  it('is the same in any order, whatever the ages and who accuses', () => {
    const other = table.map((entry) => (entry.kind === 'event' ? entry : { ...entry, ageMs: 9, by: 'x' }));
    expect(differing(other.reverse())).toEqual([]);
  });

  it.each<[string, Entry]>([
    ['incarnation', row('node-5', { incarnation: 2 })],
    ['state', row('node-5', { state: 'suspect' })],
    ['word', row('node-5', {}, ['redis'])],
  ])('differs in the part of a member of another %s', (_what, changed) => {
    const other = table.map((entry, index) => (index === 5 ? changed : entry));
    expect(differing(other)).toEqual([partOf(changed, 8)]);
  });

  it('differs in the part of a member or an event that is missing', () => {
    for (const missing of [table[3], table[61]] as Entry[])
      expect(differing(table.filter((entry) => entry !== missing))).toEqual([partOf(missing, 8)]);
  });

  it('is another one under another salt', () => {
    expect(digestOf(table, 8, 1)).not.toEqual(digestOf(table, 8, 2));
  });

  it('spreads the entries over its parts', () => {
    const counts = new Array<number>(8).fill(0);
    for (const entry of table) counts[partOf(entry, 8)] = (counts[partOf(entry, 8)] ?? 0) + 1;
    expect(Math.max(...counts)).toBeLessThan(20);
  });
});

it.each([
  [0, 1],
  [8, 1],
  [60, 8],
  [64, 8],
  [10_000, partLimit],
])('splits %i entries into %i parts', (entries, parts) => {
  expect(partsFor(entries)).toBe(parts);
});

it.each([
  [4, 1],
  [4096, 1024],
  [0, undefined],
  [5, undefined],
  [4100, undefined],
])('reads %i bytes as %s parts', (bytes, parts) => {
  expect(partsIn(new Uint8Array(bytes))).toBe(parts);
});
