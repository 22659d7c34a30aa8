import { expect, it } from 'vitest';
import { encodeRecord, leaveBytes } from './codec.ts';
import { ed25519Identity, generateIdentity, type Identity } from './identity.ts';
import type { AliveClaim, LeaveClaim, NodeRecord, StateRow } from './messages.ts';
import { Pool, type PoolEvent } from './pool.ts';
import { lanSettings } from './settings.ts';
import { VirtualTime } from './simulation/virtual-time.ts';
import { bytesWire } from './wire.ts';

const identities = new Map<string, Identity>();

function identityOf(name: string): Identity {
  const identity = identities.get(name) ?? ed25519Identity(generateIdentity());
  identities.set(name, identity);
  return identity;
}

const own = (uuid: string) => ({ uuid, name: uuid, addresses: [uuid], port: 1, zone: 'lan', groups: [] });

/** The word of a node, as it signs it. */
function word(
  uuid: string,
  incarnation: number,
  identity = identityOf(uuid),
  change: Partial<NodeRecord> = {},
): AliveClaim {
  const record: NodeRecord = { ...own(uuid), ...change, incarnation, key: identity.key };
  const body = encodeRecord(record);
  return { kind: 'alive', body, signature: identity.sign(body), record };
}

function goodbye(uuid: string, incarnation: number, identity = identityOf(uuid)): LeaveClaim {
  const signature = identity.sign(leaveBytes(uuid, incarnation));
  return { kind: 'leave', uuid, incarnation, by: uuid, signature };
}

function row(alive: AliveClaim, state: StateRow['state'], ageMs = 0, more: Partial<StateRow> = {}): StateRow {
  const { incarnation } = alive.record;
  const signature = new Uint8Array();
  return {
    kind: 'state',
    alive,
    state,
    incarnation,
    ageMs,
    by: 'c',
    evidence: 'reported',
    signature,
    ...more,
  };
}

function poolOf(uuid = 'me') {
  const time = new VirtualTime();
  const events: PoolEvent[] = [];
  let refuted = 0;
  const pool = new Pool({
    self: own(uuid),
    incarnation: 1,
    settings: lanSettings,
    wire: bytesWire,
    timers: time,
    identity: identityOf(uuid),
    onEvent: (event) => events.push(event),
    onRefute: () => {
      refuted += 1;
    },
  });
  const kinds = (): string[] => events.map(({ kind }) => kind).slice(1);
  return { pool, time, events, kinds, refuted: () => refuted };
}

const accuse = (uuid: string, incarnation: number, by: string, kind: 'suspect' | 'dead' = 'suspect') =>
  ({ kind, uuid, incarnation, by, evidence: 'no-ack' }) as const;

it('passes a table on once, or never where it knew nobody before', () => {
  const { pool } = poolOf();
  const told = pool.queue.size;
  pool.takeRow(row(word('a', 1), 'alive'), undefined, 'never');
  expect([pool.get('a')?.state, pool.queue.size]).toEqual(['alive', told]);
  pool.takeRow(row(word('b', 1), 'alive'));
  expect(pool.queue.size).toBe(told + 1);
  pool.takeRow(row(word('a', 2), 'alive'), undefined, 'never');
  expect(pool.queue.size).toBe(told + 2);
});

it('tells its own word three times once somebody has answered it, who tells it too', () => {
  const { pool, time } = poolOf();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])
    pool.takeRow(row(word(name, 1), 'alive'), undefined, 'never');
  time.pass(1);
  const tell = (): number => pool.queue.take(1000, pool.sendLimit).length;
  pool.joined();
  expect([pool.sendLimit, tell(), tell(), tell(), tell()]).toEqual([8, 1, 1, 1, 0]);
});

it('refutes what it is accused of, under an incarnation above', () => {
  const { pool, refuted } = poolOf();
  pool.take(accuse('me', 1, 'a'));
  expect(pool.get('me')).toMatchObject({ state: 'alive', incarnation: 2 });
  pool.take(accuse('me', 1, 'b', 'dead'));
  pool.take(accuse('me', 9, 'b', 'dead'));
  expect(pool.get('me')).toMatchObject({ state: 'alive', incarnation: 2 });
  expect(refuted()).toBe(1);
});

it('outdoes its own words from an earlier life', () => {
  const { pool } = poolOf();
  pool.take(word('me', 7));
  expect(pool.get('me')?.incarnation).toBe(8);
  pool.take(goodbye('me', 9));
  expect(pool.get('me')).toMatchObject({ state: 'alive', incarnation: 10 });
});

it('outdoes other words of its own under the incarnation that it used again', () => {
  const { pool, kinds } = poolOf();
  pool.take(word('me', 1, identityOf('me'), { groups: ['blue'] }));
  expect(pool.get('me')?.incarnation).toBe(2);
  expect(kinds()).not.toContain('conflict');
});

it('believes nobody who signs with another key than at first', () => {
  const { pool, kinds } = poolOf();
  pool.take(word('a', 1));
  pool.take({ ...word('a', 2), signature: new Uint8Array(64) });
  expect(pool.get('a')?.incarnation).toBe(1);
  expect(pool.forged).toBe(1);
  pool.take(word('a', 3, identityOf('thief')));
  expect(pool.get('a')?.incarnation).toBe(1);
  expect(kinds()).toEqual(['new', 'conflict']);
});

it('names both when two live nodes share a uuid', () => {
  const { pool, events } = poolOf();
  pool.take(word('a', 1));
  pool.take(word('a', 1, identityOf('a'), { port: 2, groups: ['redis'] }));
  expect(events.at(-1)).toMatchObject({
    kind: 'conflict',
    member: { uuid: 'a' },
    rival: { groups: ['redis'] },
  });
});

it('names both when a copy of this node outdoes it again and again, and not for words of an earlier life', () => {
  const { pool, events, kinds } = poolOf();
  const elsewhere = (incarnation: number): AliveClaim =>
    word('me', incarnation, identityOf('me'), { addresses: ['copy'] });
  for (const incarnation of [7, 9]) pool.take(elsewhere(incarnation));
  expect(kinds()).not.toContain('conflict');
  pool.take(elsewhere(11));
  expect(events.filter(({ kind }) => kind === 'conflict')).toMatchObject([
    { member: { uuid: 'me' }, rival: { addresses: ['copy'], incarnation: 11 } },
  ]);
  expect(pool.get('me')?.incarnation).toBe(12);
});

it('takes a leave only from its owner', () => {
  const { pool } = poolOf();
  pool.take(word('a', 1));
  pool.take(goodbye('a', 1, identityOf('thief')));
  expect(pool.get('a')?.state).toBe('alive');
  pool.take(goodbye('a', 1));
  expect(pool.get('a')?.state).toBe('leave');
});

it('declares a suspect dead at the end of its time, and names the accusers', () => {
  const { pool, time } = poolOf();
  for (const name of ['a', 'b', 'c', 'd']) pool.take(word(name, 1));
  pool.take(accuse('a', 1, 'b'));
  time.pass(23_900);
  expect(pool.get('a')?.state).toBe('suspect');
  time.pass(200);
  expect(pool.get('a')?.state).toBe('dead');
  expect(pool.get('a')?.accusers.map(({ by, evidence }) => [by, evidence])).toEqual([
    ['b', 'no-ack'],
    ['me', 'suspicion-timeout'],
  ]);
});

it('declares it dead sooner when others confirm', () => {
  const { pool, time } = poolOf();
  for (const name of ['a', 'b', 'c', 'd']) pool.take(word(name, 1));
  for (const name of ['b', 'c', 'd']) pool.take(accuse('a', 1, name));
  time.pass(4100);
  expect(pool.get('a')?.state).toBe('dead');
});

it('hears a suspect refute before it buries it, where all who confirm were heard late and at once', () => {
  const { pool, time, kinds } = poolOf();
  for (const name of ['a', 'b', 'c', 'd']) pool.take(word(name, 1));
  pool.accuse('a', 'no-ack');
  time.pass(20_000);
  for (const name of ['b', 'c', 'd']) pool.take(accuse('a', 1, name));
  time.pass(900);
  pool.take(word('a', 2));
  expect(pool.get('a')?.state).toBe('alive');
  expect(kinds()).not.toContain('dead');
});

it('gives a suspect its time to refute where others ended theirs before it was suspected here', () => {
  const { pool, time, kinds } = poolOf();
  for (const name of ['a', 'b', 'c', 'd']) pool.take(word(name, 1));
  const buried = { ...accuse('a', 1, 'b', 'dead'), evidence: 'suspicion-timeout' } as const;
  pool.take(buried);
  expect(pool.get('a')?.state).toBe('suspect');
  time.pass(1900);
  pool.take({ ...buried, by: 'c' });
  pool.take(word('a', 2));
  expect([pool.get('a')?.state, kinds()]).toEqual(['alive', expect.not.arrayContaining(['dead'])]);
});

it('buries at the end of the shortest time whom others buried before it was suspected here', () => {
  const { pool, time } = poolOf();
  for (const name of ['a', 'b', 'c', 'd']) pool.take(word(name, 1));
  const buried = { ...accuse('a', 1, 'b', 'dead'), evidence: 'suspicion-timeout' } as const;
  pool.take(buried);
  time.pass(3900);
  expect(pool.get('a')?.state).toBe('suspect');
  time.pass(200);
  expect(pool.get('a')?.state).toBe('dead');
});

it('gives a suspect whom too few accuse here its time, whoever has buried it already', () => {
  const { pool, time } = poolOf();
  for (const name of ['a', 'b', 'c', 'd']) pool.take(word(name, 1));
  pool.take(accuse('a', 1, 'b'));
  time.pass(3000);
  pool.take({ ...accuse('a', 1, 'b', 'dead'), evidence: 'suspicion-timeout' });
  expect(pool.get('a')?.state).toBe('suspect');
  time.pass(2000);
  expect(pool.get('a')?.state).toBe('dead');
});

it('takes a death at once where enough have known the suspicion for long, or the port refuses', () => {
  const { pool, time } = poolOf();
  for (const name of ['a', 'b', 'c', 'd']) pool.take(word(name, 1));
  for (const by of ['b', 'c', 'd']) pool.take(accuse('a', 1, by));
  time.pass(2000);
  pool.take({ ...accuse('a', 1, 'b', 'dead'), evidence: 'suspicion-timeout' });
  pool.take({ ...accuse('b', 1, 'c', 'dead'), evidence: 'refused' });
  expect([pool.get('a')?.state, pool.get('b')?.state]).toEqual(['dead', 'dead']);
});

it('announces no deaths while it doubts itself, for a minute at most', () => {
  const { pool, time, kinds } = poolOf();
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  for (const name of names) pool.take(word(name, 1));
  for (const name of ['a', 'b', 'c']) pool.accuse(name, 'no-ack');
  expect(pool.degraded).toBe(true);
  time.pass(59_000);
  expect(kinds()).not.toContain('dead');
  time.pass(3000);
  expect(['a', 'b', 'c'].map((name) => pool.get(name)?.state)).toEqual(['dead', 'dead', 'dead']);
  expect(pool.degraded).toBe(false);
});

it('stops doubting itself when the suspects refute', () => {
  const { pool, kinds } = poolOf();
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  for (const name of names) pool.take(word(name, 1));
  for (const name of ['a', 'b', 'c']) pool.accuse(name, 'no-ack');
  pool.take(word('a', 2));
  expect(pool.degraded).toBe(false);
  expect(kinds().filter((kind) => /degraded|recovered/.test(kind))).toEqual(['degraded', 'recovered']);
});

it('only suspects whom another table holds dead', () => {
  const { pool } = poolOf();
  pool.take(word('a', 1));
  pool.takeRow(row(word('a', 1), 'dead'));
  expect(pool.get('a')?.state).toBe('suspect');
});

it('gives one whom many tables hold dead all the time to refute', () => {
  const { pool, time } = poolOf();
  for (const name of ['a', 'b', 'c', 'd']) pool.take(word(name, 1));
  for (const by of ['b', 'c', 'd']) pool.takeRow(row(word('a', 1), 'dead', 0, { by }));
  const told = pool.queue.take(1000, 9).length;
  time.pass(23_000);
  expect([pool.get('a')?.state, told]).toEqual(['suspect', 5]);
  time.pass(2000);
  expect(pool.get('a')?.state).toBe('dead');
});

it('takes over who was gone before, with the age of the death', () => {
  const { pool, time } = poolOf();
  pool.takeRow(row(word('a', 1), 'dead', 3_600_000));
  expect(pool.get('a')).toMatchObject({ state: 'dead', sinceMs: -3_600_000 });
  time.pass(71 * 3_600_000 + 1);
  pool.forget();
  expect(pool.get('a')).toBeUndefined();
});

it('takes over nobody who should be forgotten already', () => {
  const { pool } = poolOf();
  pool.takeRow(row(word('a', 1), 'dead', 73 * 3_600_000));
  const { signature } = goodbye('b', 1);
  pool.takeRow(row(word('b', 1), 'leave', 301_000, { by: 'b', signature }));
  pool.takeRow(row(word('d', 1), 'leave', 0, { by: 'd', signature: new Uint8Array(64) }));
  expect(pool.uuids()).toEqual(['me']);
});

it('forgets who left after five minutes, yet lets no old record bring it back', () => {
  const { pool, time, kinds } = poolOf();
  pool.take(word('a', 1));
  pool.take(goodbye('a', 1));
  time.pass(300_000);
  pool.forget();
  expect(pool.get('a')).toBeUndefined();
  pool.takeRow(row(word('a', 1), 'alive'));
  pool.takeRow(row(word('a', 1), 'dead'));
  time.pass(1);
  expect(pool.get('a')).toBeUndefined();
  expect(pool.queue.size).toBeGreaterThan(0);
  pool.take(word('a', 2));
  expect(pool.get('a')?.state).toBe('alive');
  expect(kinds()).toEqual(['new', 'leave', 'deleted', 'new']);
});

it('clears away the dead, not the living', () => {
  const { pool } = poolOf();
  pool.take(word('a', 1));
  expect(pool.clearAway('a')).toBe(false);
  pool.take(accuse('a', 1, 'b', 'dead'));
  expect(pool.clearAway('a')).toBe(true);
  expect(pool.get('a')).toMatchObject({ state: 'leave', leave: { by: 'me' } });
});

it('checks at most 50 signatures a turn, and the rest later', () => {
  const { pool, time } = poolOf();
  const identity = identityOf('many');
  for (let index = 0; index < 120; index += 1) pool.take(word(`m${index}`, 1, identity));
  expect(pool.live).toBe(51);
  time.until(() => pool.live > 51, 0);
  expect(pool.live).toBe(101);
  time.pass(0);
  expect(pool.live).toBe(121);
});

it('takes in at most 20,000 members', () => {
  const time = new VirtualTime();
  const identity = { ...identityOf('many'), sign: () => new Uint8Array(64) };
  const pool = new Pool({
    self: own('me'),
    incarnation: 1,
    settings: lanSettings,
    wire: bytesWire,
    timers: time,
    identity: { ...identity, verify: () => true },
    onEvent: () => {},
    onRefute: () => {},
  });
  for (let index = 0; index < 20_100; index += 1) {
    if (index % 50 === 0) time.until(() => false, 1);
    pool.take(word(`m${index}`, 1, identity));
  }
  time.pass(1000);
  expect(pool.live).toBe(20_000);
});
