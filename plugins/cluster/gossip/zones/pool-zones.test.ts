import { expect, it } from 'vitest';
import { encodeRecord } from '../codec.ts';
import { unsignedIdentity } from '../identity.ts';
import type { AliveClaim, StateRow } from '../messages.ts';
import { Pool, type PoolEvent } from '../pool.ts';
import { lanSettings } from '../settings.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { bytesWire } from '../wire.ts';
import { ZoneTree } from './zone-tree.ts';

const own = (uuid: string, zone: string, proxy = false) => ({
  uuid,
  name: uuid,
  addresses: [uuid],
  port: 1,
  zone,
  groups: [],
  proxy,
});
const signature = new Uint8Array();

function word(uuid: string, zone: string, incarnation = 1, proxy = false): AliveClaim {
  const record = { ...own(uuid, zone, proxy), incarnation, key: unsignedIdentity.key };
  return { kind: 'alive', body: encodeRecord(record), signature, record };
}

function row(alive: AliveClaim, state: StateRow['state']): StateRow {
  const { incarnation } = alive.record;
  return { kind: 'state', alive, state, incarnation, ageMs: 0, by: 'x', evidence: 'no-ack', signature };
}

/** A pool in the zone `mid`, above it `top`, below it `low`, beside it `side`. */
function midPool() {
  const time = new VirtualTime();
  const events: PoolEvent['kind'][] = [];
  const pool = new Pool({
    self: own('me', 'mid'),
    incarnation: 1,
    settings: lanSettings,
    timers: time,
    identity: unsignedIdentity,
    wire: bytesWire,
    zones: new ZoneTree(
      [
        { name: 'top', 'sub-zones': ['mid', 'side'] },
        { name: 'mid', 'sub-zones': ['low'] },
      ],
      'mid',
    ),
    onEvent: ({ kind }) => events.push(kind),
    onRefute: () => {},
  });
  return { pool, time, events };
}

it('counts and judges only its own zone', () => {
  const { pool, time } = midPool();
  pool.take(word('peer', 'mid'));
  pool.take(word('under', 'low'));
  pool.take(word('over', 'top', 1, true));
  expect(pool.live).toBe(2);
  for (const uuid of ['peer', 'under'])
    pool.take({ kind: 'suspect', uuid, incarnation: 1, by: 'x', evidence: 'no-ack' });
  time.pass(60_000);
  expect(['peer', 'under', 'over'].map((uuid) => pool.get(uuid)?.state)).toEqual([
    'dead',
    'suspect',
    'alive',
  ]);
  expect(pool.live).toBe(1);
});

it('takes nobody whom its zone does not see, and lets go of who moves there', () => {
  const { pool, time, events } = midPool();
  pool.take(word('aside', 'side'));
  pool.take(word('inside', 'top'));
  pool.takeRow(row(word('aside', 'side'), 'dead'));
  pool.take(word('mover', 'mid'));
  pool.take(word('mover', 'side', 2));
  time.pass(1);
  expect(pool.uuids()).toEqual(['me']);
  expect(pool.live).toBe(1);
  expect(events).toEqual(['new', 'new', 'deleted']);
});

it('counts one that moves between zones that it sees where it is', () => {
  const { pool } = midPool();
  pool.take(word('mover', 'mid'));
  pool.take(word('mover', 'low', 2));
  expect(pool.live).toBe(1);
  pool.take(word('mover', 'mid', 3));
  expect(pool.live).toBe(2);
});

it.each([
  ['low', 'under', 'dead'],
  ['low', 'peer', 'alive'],
  ['top', 'over', 'dead'],
  ['top', 'peer', 'alive'],
  ['top', 'under', 'alive'],
  ['mid', 'peer', 'dead'],
])('lets %s say that %s is dead: it is %s', (speaker, uuid, state) => {
  const { pool } = midPool();
  pool.take(word('peer', 'mid'));
  pool.take(word('under', 'low'));
  pool.take(word('over', 'top', 1, true));
  pool.take({ kind: 'dead', uuid, incarnation: 1, by: 'x', evidence: 'no-ack' }, speaker);
  expect(pool.get(uuid)?.state).toBe(state);
});

it('lets nobody below make itself one of ours, while those above may pass on our own words', () => {
  const { pool, time } = midPool();
  pool.take(word('thief', 'mid'), 'low');
  pool.takeRow(row(word('thief', 'mid'), 'alive'), 'low');
  pool.takeRow(row(word('back', 'mid'), 'alive'), 'top');
  pool.takeRow(row(word('ghost', 'mid'), 'dead'), 'top');
  pool.takeRow(row(word('gone', 'low'), 'dead'), 'low');
  time.pass(1);
  expect(pool.uuids().sort()).toEqual(['back', 'gone', 'me']);
});
