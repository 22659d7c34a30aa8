import { expect, it } from 'vitest';
import { encodeMessage, encodeRecord, joinMessages } from '../codec.ts';
import { keyringOf } from '../keyring.ts';
import type { Message } from '../messages.ts';
import { Opener, Sealer, zoneKey } from '../seal.ts';
import { SealedLink } from '../sealed-link.ts';
import { endpoint, VirtualCluster } from '../simulation/virtual-cluster.ts';
import type { Transport } from '../transport.ts';
import { readFrame, writeFrame } from './frame.ts';

const key = zoneKey(new Uint8Array(32).fill(1));
const record = { uuid: 'x', name: 'x', addresses: ['x'], port: 1, zone: 'lan', groups: [], incarnation: 5 };
const body = encodeRecord({ ...record, key: new Uint8Array() });
const ping: Message = { kind: 'ping', sequence: 7, target: 'me', from: 'x' };
const claim: Message = {
  kind: 'alive',
  body,
  signature: new Uint8Array(),
  record: { ...record, key: new Uint8Array() },
};
const packet = joinMessages([ping, claim].map(encodeMessage));

/** A link that was just started, what it sends, and what reaches its receiver. */
function justStarted() {
  const sent: Uint8Array[] = [];
  const taken: (string | undefined)[] = [];
  const transport: Transport = { send: (_to, bytes) => sent.push(bytes), exchange: () => {} };
  const link = new SealedLink(transport, keyringOf(key), 'me', '00'.repeat(8));
  const door = link.guard({
    receive: (_from, _packet, part) => taken.push(part) > 0,
    answer: (_packet, reply) => reply(Uint8Array.of(1)),
  });
  const opener = new Opener([key]);
  const said = () => {
    const opened = opener.open(sent.at(-1) ?? new Uint8Array(), 1200);
    return opened.refused === undefined ? readFrame(opened.packet) : undefined;
  };
  return { door, sent, taken, said };
}

it('of a boot that is over count as no claim, however often they come', () => {
  const { door, taken, said } = justStarted();
  const old = new Sealer(key, 'x', '11'.repeat(8));
  for (let count = 0; count < 3; count += 1) door.receive('x:1', old.seal(packet));
  expect(taken).toEqual(['probes', 'probes', 'probes']);
  const challenge = said();
  // Another boot of the same node answers: it speaks for itself only.
  const cookie = challenge?.kind === 'challenge' ? challenge.cookie : new Uint8Array(8);
  door.receive('x:1', new Sealer(key, 'x', '22'.repeat(8)).seal(writeFrame({ kind: 'echo', cookie })));
  expect(taken).toHaveLength(3);
});

it('count once their sender brings the cookie back', () => {
  const { door, taken, said } = justStarted();
  const live = new Sealer(key, 'x', '11'.repeat(8));
  door.receive('x:1', live.seal(packet));
  const challenge = said();
  const cookie = challenge?.kind === 'challenge' ? challenge.cookie : new Uint8Array(8);
  door.receive('x:1', live.seal(writeFrame({ kind: 'echo', cookie })));
  door.receive('x:1', live.seal(packet));
  expect(taken).toEqual(['probes', 'claims', undefined]);
});

it('are not asked for where they have no news', () => {
  const sent: Uint8Array[] = [];
  const transport: Transport = { send: (_to, bytes) => sent.push(bytes), exchange: () => {} };
  const link = new SealedLink(transport, keyringOf(key), 'me', '00'.repeat(8));
  const door = link.guard({ receive: () => false, answer: () => {} });
  door.receive('x:1', new Sealer(key, 'x', '11'.repeat(8)).seal(packet));
  expect(sent).toEqual([]);
});

it('are answered with no more bytes than they have', () => {
  const { door, sent } = justStarted();
  const input = new Sealer(key, 'x', '11'.repeat(8)).seal(joinMessages([encodeMessage(ping)]));
  door.receive('x:1', input);
  expect(sent).toHaveLength(1);
  expect(sent[0]?.length).toBeLessThanOrEqual(input.length);
});

it('get no table by a stream either', () => {
  const { door } = justStarted();
  const old = new Sealer(key, 'x', '11'.repeat(8));
  const request = { kind: 'request', nonce: new Uint8Array(8), cookie: new Uint8Array(8), packet } as const;
  let answer: Uint8Array | undefined;
  door.answer(old.seal(writeFrame(request)), (packet) => {
    answer = packet;
  });
  const opened = new Opener([key]).open(answer ?? new Uint8Array(), 1200);
  expect(opened.refused ?? readFrame(opened.packet)).toMatchObject({ kind: 'refusal' });
});

it('do not bring a dead node back to one that restarted and remembers no sequences', () => {
  const cluster = new VirtualCluster({ nodes: 4, keyring: () => keyringOf(key) });
  cluster.time.until(() => cluster.agree('alive'), 15_000);
  const recorded: Uint8Array[] = [];
  const stop = cluster.network.listen((from, to, bytes) => {
    if (from === endpoint('n3') && to === endpoint('n0')) recorded.push(bytes as Uint8Array);
  });
  cluster.node('n3').update({ groups: ['a'] });
  cluster.time.pass(10_000);
  stop();
  cluster.crash('n3');
  cluster.time.until(() => cluster.agree('dead', ['n3']), 60_000);
  cluster.crash('n0');
  // Nobody else tells it anything meanwhile.
  cluster.network.cut(() => true);
  const door = cluster.boot('n0', 2);
  expect(recorded.length).toBeGreaterThan(3);
  for (const bytes of recorded) cluster.network.inject(endpoint('n3'), endpoint('n0'), bytes);
  cluster.time.pass(5000);
  expect(door.member('n3')).toBeUndefined();
  cluster.network.heal();
  door.join([endpoint('n1')]);
  expect(cluster.time.until(() => cluster.agree('dead', ['n3']), 30_000)).toBe(true);
});
