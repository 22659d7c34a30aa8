import { expect, it } from 'vitest';
import { encodeRecord, exchangeBytes } from '../codec.ts';
import type { Message, StateRow } from '../messages.ts';
import { endpoint, VirtualCluster } from '../simulation/virtual-cluster.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { bytesWire } from '../wire.ts';
import { ZoneDesk } from '../zones/zone-desk.ts';
import { partOf } from './digest.ts';
import { Tables } from './tables.ts';

function row(uuid: string, incarnation = 1): StateRow {
  const record = { uuid, name: uuid, addresses: ['a'], port: 1, zone: 'lan', groups: [], incarnation };
  const key = new Uint8Array();
  const signature = new Uint8Array();
  const alive = {
    ...{ kind: 'alive' as const, body: encodeRecord({ ...record, key }) },
    ...{ signature, record: { ...record, key } },
  };
  return {
    kind: 'state',
    alive,
    state: 'alive',
    incarnation,
    ageMs: 0,
    by: '',
    evidence: 'reported',
    signature,
  };
}

const known = Array.from({ length: 60 }, (_, index) => row(`node-${index}`));

/** Two who exchange tables: what each took, and the bytes of every packet. */
function two(ours: StateRow[], theirs: StateRow[], isOld = false) {
  const bytes: number[] = [];
  const heard = { isAlone: false, as: [] as unknown[] };
  const taken = { a: [] as string[], b: [] as string[] };
  const timers = new VirtualTime();
  const side = (name: 'a' | 'b', rows: StateRow[], ask: (packet: Uint8Array) => Uint8Array | undefined) =>
    new Tables<Uint8Array>({
      ...{
        wire: bytesWire,
        desk: new ZoneDesk(undefined, name, false),
        random: () => 0.3,
        timers,
        isAlone: () => heard.isAlone,
      },
      ...{ rows: () => rows, events: undefined, refuse: () => undefined },
      transport: { exchange: (_endpoint, packet, done) => done(ask(packet)) },
      take: (message: Message, _speaker, hearsay) => {
        if (message.kind !== 'state') return;
        taken[name].push(message.alive.record.uuid);
        if (name === 'a') heard.as.push(hearsay);
      },
    });
  const b = side('b', theirs, () => undefined);
  const a = side('a', ours, (packet) => {
    const { messages } = bytesWire.decode(packet, exchangeBytes);
    const isHeard = !isOld || messages.every(({ kind }) => kind === 'state');
    let answer: Uint8Array | undefined;
    const take = (packet: Uint8Array | undefined): void => {
      answer = packet;
    };
    if (isHeard) b.answer(messages, undefined, take);
    heard.isAlone = false;
    timers.pass(1000);
    bytes.push(packet.length, answer?.length ?? 0);
    return answer;
  });
  return { a, bytes, taken, heard };
}

it('tells a table once more in a few bytes where the other has the same', () => {
  const { a, bytes, taken } = two(known, [...known].reverse());
  a.compare('b:1');
  expect(bytes).toHaveLength(2);
  expect(bytes[0]).toBeLessThan(60);
  expect(bytes[1]).toBeLessThan(10);
  expect(taken).toEqual({ a: [], b: [] });
});

it('tells only the parts that differ, both ways', () => {
  const newer = row('node-7', 2);
  const { a, taken } = two(known, [...known.filter((_, index) => index !== 7), newer]);
  a.compare('b:1');
  const part = known
    .filter((one) => partOf(one, 8) === partOf(newer, 8))
    .map(({ alive }) => alive.record.uuid);
  expect(part.length).toBeLessThan(20);
  expect([...taken.a].sort()).toEqual([...part].sort());
  // What the other has just told is not told back.
  expect(taken.b).toEqual(['node-7']);
});

it('tells all to one who knows nobody yet', () => {
  const mine = row('node-99');
  const { a, taken } = two([mine], known);
  a.compare('b:1');
  expect(taken).toEqual({ a: known.map(({ alive }) => alive.record.uuid), b: ['node-99'] });
});

it('passes on nothing of a table that it asked for alone, whoever it has heard of since', () => {
  const { a, heard } = two([row('node-99')], known.slice(0, 2));
  for (const isAlone of [true, false]) {
    heard.isAlone = isAlone;
    a.swap('b:1');
  }
  expect(heard.as).toEqual(['never', 'never', 'once', 'once']);
});

it('has nothing to tell to one who knows more', () => {
  const { a, bytes } = two(known.slice(10), known);
  a.compare('b:1');
  expect(bytes).toHaveLength(2);
});

it('tells all to one of an older version, who gives no answer to sums', () => {
  const { a, taken } = two(known.slice(30), known.slice(0, 30), true);
  a.compare('b:1');
  expect([taken.a.length, taken.b.length]).toEqual([30, 30]);
});

it('asks nobody any more once it has stopped, whatever is answered then', () => {
  const { a, bytes } = two(known.slice(30), known.slice(0, 30), true);
  a.stop();
  a.compare('b:1');
  expect(bytes).toHaveLength(2);
});

it('keeps exchanges of a pool at rest far below the size of its table', () => {
  const cluster = new VirtualCluster({ nodes: 64, acquainted: true });
  cluster.time.pass(300_000);
  const sent = cluster.names().map((name) => cluster.network.traffic(endpoint(name)).exchangeBytes);
  const mean = sent.reduce((sum, one) => sum + one, 0) / sent.length;
  // Ten exchanges or so, and as many answers; the table alone has above 5 KiB.
  expect(mean).toBeLessThan(1500);
});

it('brings what the gossip never told', () => {
  const cluster = new VirtualCluster({ nodes: 16, acquainted: true, weather: { loss: 1 } });
  cluster.node('n3').update({ groups: ['redis'] });
  const knows = (name: string): boolean =>
    cluster.node(name).member('n3')?.alive.record.groups[0] === 'redis';
  expect(cluster.time.until(() => cluster.names().every(knows), 120_000)).toBe(true);
});
