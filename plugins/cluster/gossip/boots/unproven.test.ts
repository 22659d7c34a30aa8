import { expect, it } from 'vitest';
import { decodePacket, encodeMessage, encodeRecord, joinMessages } from '../codec.ts';
import { GossipNode } from '../gossip-node.ts';
import { unsignedIdentity } from '../identity.ts';
import { keyringOf } from '../keyring.ts';
import type { AliveClaim, Message } from '../messages.ts';
import { Opener, Sealer, zoneKey } from '../seal.ts';
import { SealedLink } from '../sealed-link.ts';
import { lanSettings } from '../settings.ts';
import { seededRandom, VirtualTime } from '../simulation/virtual-time.ts';
import { readFrame, writeFrame } from './frame.ts';

const key = zoneKey(new Uint8Array(32).fill(1));
const uuidOf = (name: string): string => name.padEnd(32, '0');
const [me, other, third] = [uuidOf('a'), uuidOf('b'), uuidOf('c')];
const own = (uuid: string) => ({
  ...{ uuid, name: uuid, addresses: [uuid], port: 1, zone: 'lan' },
  groups: ['linux', 'debian'],
});

function word(uuid: string): AliveClaim {
  const record = { ...own(uuid), incarnation: 5, key: unsignedIdentity.key };
  return { kind: 'alive', body: encodeRecord(record), signature: new Uint8Array(), record };
}

/** A member that knows two others, was accused and has refuted, and has all of it still to tell; what it sends to `x:1`. */
function member() {
  const time = new VirtualTime();
  const sent: Uint8Array[] = [];
  const asked: string[] = [];
  const transport = {
    send: (to: string, packet: Uint8Array) => void (to === 'x:1' && sent.push(packet)),
    exchange: () => {},
  };
  const link = new SealedLink(transport, keyringOf(key), me, '00'.repeat(8));
  const node = new GossipNode({
    ...{ self: own(me), incarnation: 1, settings: lanSettings, transport: link, timers: time },
    ...{ random: seededRandom(1), identity: unsignedIdentity, onEvent: () => {} },
    onDetection: (from) => void asked.push(from),
  });
  for (const uuid of [other, third]) node.receive('y:1', joinMessages([encodeMessage(word(uuid))]));
  const door = link.guard(node);
  const sealer = new Sealer(key, other, '11'.repeat(8));
  const opener = new Opener([key]);
  /** The packets that came back since, opened. */
  const answers = () => {
    const opened = sent.splice(0).map((packet) => ({ bytes: packet.length, ...opener.open(packet, 1200) }));
    return opened.map((one) => {
      if (one.refused !== undefined) throw new RangeError(one.refused);
      return { bytes: one.bytes, frame: readFrame(one.packet), ...decodePacket(one.packet) };
    });
  };
  const say = (...messages: Message[]) => {
    const packet = sealer.seal(joinMessages(messages.map(encodeMessage)));
    door.receive('x:1', packet);
    return packet.length;
  };
  const echo = (cookie: Uint8Array, from = 'x:1') =>
    door.receive(from, sealer.seal(writeFrame({ kind: 'echo', cookie })));
  return { time, node, asked, answers, say, echo };
}

const ping: Message = { kind: 'ping', sequence: 7, target: me, from: other };
const relay: Message = { kind: 'relay', sequence: 8, target: third, from: other };
const detect: Message = { kind: 'detect', token: '1234', from: other, zone: 'lan' };
const charge: Message = { kind: 'suspect', uuid: me, incarnation: 1, by: other, evidence: 'no-ack' };
const accusation: Message = { kind: 'suspect', uuid: third, incarnation: 5, by: other, evidence: 'no-ack' };

it.each<[string, Message[], string[]]>([
  ['a ping', [ping], ['ack']],
  ['a ping with news', [ping, accusation], ['ack']],
  ['a ping under an accusation that was refuted', [ping, charge], ['ack']],
  ['many pings', Array.from({ length: 5 }, () => ping), ['ack', 'ack']],
  ['a request to probe another', [relay], ['nack']],
  ['a question who is there', [detect], []],
  ['news', [word('d')], []],
])('who has not shown that it is there gets for %s no more bytes than came', (_, messages, kinds) => {
  const { time, node, answers, say } = member();
  node.update({ groups: ['redis'] });
  const came = say(...messages);
  time.pass(900);
  const all = answers();
  expect(all.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(came);
  expect(all.flatMap((one) => (one.frame === undefined ? one.messages.map(({ kind }) => kind) : []))).toEqual(
    expect.arrayContaining(kinds),
  );
});

it('what would be answered at length is answered where its sender has shown that it is there', () => {
  const { node, asked, answers, say, echo } = member();
  node.update({ groups: ['redis'] });
  for (const messages of [[ping, charge], [detect]]) say(...messages);
  const frames = answers().flatMap(({ frame }) => frame ?? []);
  expect(frames.map(({ kind }) => kind)).toEqual(['challenge', 'challenge']);
  expect(asked).toEqual([]);
  const cookie = 'cookie' in frames[0]! ? frames[0].cookie : new Uint8Array();
  echo(cookie, 'z:1');
  expect(answers()).toEqual([]);
  expect(asked).toEqual(['z:1']);
});

it('who has shown it hears with an answer what is to be told', () => {
  const { node, answers, say, echo } = member();
  node.update({ groups: ['redis'] });
  say(ping, accusation);
  const frame = answers().flatMap((one) => one.frame ?? [])[0]!;
  echo('cookie' in frame ? frame.cookie : new Uint8Array());
  answers();
  say(ping);
  const [answer] = answers();
  expect(answer?.messages.map(({ kind }) => kind)).toEqual([
    'ack',
    ...answer!.messages.slice(1).map(({ kind }) => kind),
  ]);
  expect(answer?.messages.length).toBeGreaterThan(1);
});
