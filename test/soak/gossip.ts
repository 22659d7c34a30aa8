import { cookieBytes } from '../../plugins/cluster/gossip/boots/boot-cookies.ts';
import { nonceBytes, readFrame, writeFrame } from '../../plugins/cluster/gossip/boots/frame.ts';
import {
  datagramBytes,
  decodePacket,
  encodeMessage,
  encodeRecord,
  joinMessages,
} from '../../plugins/cluster/gossip/codec.ts';
import { GossipNode } from '../../plugins/cluster/gossip/gossip-node.ts';
import { unsignedIdentity } from '../../plugins/cluster/gossip/identity.ts';
import { keyringOf } from '../../plugins/cluster/gossip/keyring.ts';
import type { AliveClaim, Message } from '../../plugins/cluster/gossip/messages.ts';
import { Opener, Sealer, zoneKey } from '../../plugins/cluster/gossip/seal.ts';
import { SealedLink } from '../../plugins/cluster/gossip/sealed-link.ts';
import { lanSettings } from '../../plugins/cluster/gossip/settings.ts';
import { VirtualTime } from '../../plugins/cluster/gossip/simulation/virtual-time.ts';
import type { Receiver } from '../../plugins/cluster/gossip/transport.ts';
import { pick, randomFrom, type Soak } from './result.ts';

const inputs = 2_000_000;
const growthLimitMib = 200;

const own = (uuid: string) => ({
  uuid,
  name: uuid,
  addresses: [uuid],
  port: 1,
  zone: 'lan',
  groups: ['linux'],
});

/** Packets as members send them. */
function soundPackets(): Uint8Array[] {
  const record = { ...own('b'), incarnation: 3, key: unsignedIdentity.key };
  const signature = new Uint8Array();
  const alive: AliveClaim = { kind: 'alive', body: encodeRecord(record), signature, record };
  const about = { uuid: 'b', incarnation: 3, by: 'c' };
  const messages: Message[] = [
    { kind: 'ping', sequence: 7, target: 'me', from: 'b' },
    { kind: 'ack', sequence: 7, from: 'b' },
    { kind: 'relay', sequence: 8, target: 'b', from: 'c' },
    alive,
    { kind: 'suspect', ...about, evidence: 'no-ack' },
    { kind: 'dead', ...about, uuid: 'me', evidence: 'refused' },
    { kind: 'leave', ...about, signature },
    {
      kind: 'state',
      alive,
      state: 'dead',
      incarnation: 3,
      ageMs: 5,
      by: 'c',
      evidence: 'reported',
      signature,
    },
    { kind: 'digest', salt: 5, sums: new Uint8Array(8) },
    { kind: 'part', count: 2, parts: [0, 1] },
  ];
  const packed = messages.map(encodeMessage);
  return [...packed.map((message) => joinMessages([message])), joinMessages(packed)];
}

/** One to six bytes changed, and sometimes the end cut off or other bytes put behind. */
function changed(packet: Uint8Array, random: () => number): Uint8Array {
  const bytes = new Uint8Array(packet);
  const changes = 1 + Math.floor(random() * 6);
  for (let change = 0; change < changes; change += 1)
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  const shape = random();
  if (shape < 0.1) return bytes.subarray(0, Math.floor(random() * bytes.length));
  if (shape > 0.9) return Buffer.concat([bytes, Buffer.alloc(Math.floor(random() * 400), bytes)]);
  return bytes;
}

/** A member whose answers go nowhere but to `heard`, behind a sealed link. */
function target(
  time: VirtualTime,
  heard: (packet: Uint8Array) => void,
): { node: GossipNode; door: Receiver } {
  const nowhere = { send: (_to: string, packet: Uint8Array) => heard(packet), exchange: () => {} };
  const link = new SealedLink(nowhere, keyringOf(zoneKey(new Uint8Array(32))), 'me', '00'.repeat(8));
  const node = new GossipNode({
    self: own('me'),
    incarnation: 1,
    settings: lanSettings,
    transport: link,
    timers: time,
    random: randomFrom(1),
    identity: unsignedIdentity,
    onEvent: () => {},
  });
  return { node, door: link.guard(node) };
}

/** Brings back the cookie that the member asks for, so that what is changed behind the seal counts. */
function proveBoot(door: Receiver, sealer: Sealer, packet: Uint8Array, sent: Uint8Array[]): void {
  door.receive('b:1', sealer.seal(packet));
  const opener = new Opener([zoneKey(new Uint8Array(32))]);
  for (const answer of sent.splice(0)) {
    const opened = opener.open(answer, datagramBytes);
    const frame = opened.refused === undefined ? readFrame(opened.packet) : undefined;
    if (frame?.kind === 'challenge')
      door.receive('b:1', sealer.seal(writeFrame({ kind: 'echo', cookie: frame.cookie })));
  }
}

/** Changed packets in front of the seal and behind it, by datagram and by exchange: no throw, and memory stays. */
export const soak: Soak = async ({ share, seed, say }) => {
  const random = randomFrom(seed);
  const rounds = Math.round(inputs * share);
  const sound = soundPackets();
  const time = new VirtualTime();
  const sent: Uint8Array[] = [];
  const { node, door } = target(time, (packet) => sent.length < 10 && sent.push(packet));
  const sealer = new Sealer(zoneKey(new Uint8Array(32)), 'b', '11'.repeat(8));
  // All of them at once: some are news.
  proveBoot(door, sealer, sound.at(-1) as Uint8Array, sent);
  const nonce = new Uint8Array(nonceBytes);
  const cookie = new Uint8Array(cookieBytes);
  const found: string[] = [];
  let startMib = 0;
  let opened = 0;
  for (let round = 0; round < rounds; round += 1) {
    const isBehind = round % 2 === 0;
    const packet = pick(sound, random);
    const isStream = round % 16 < 2;
    const framed = (bytes: Uint8Array): Uint8Array =>
      isStream ? writeFrame({ kind: 'request', nonce, cookie, packet: bytes }) : bytes;
    const input = isBehind
      ? sealer.seal(framed(changed(packet, random)))
      : changed(sealer.seal(framed(packet)), random);
    try {
      if (isStream) door.answer(input, () => {});
      else door.receive('b:1', input);
      if (isBehind) opened += 1;
      decodePacket(changed(packet, random));
      time.pass(1);
    } catch (error) {
      found.push(`input ${round} ${Buffer.from(input).toString('hex')}: ${String(error)}`);
    }
    if (round === Math.floor(rounds / 4)) startMib = process.memoryUsage().rss / 2 ** 20;
    if (round % 100_000 === 0) say(`${round} inputs, ${node.members().length} members`);
  }
  const growthMib = Math.round(process.memoryUsage().rss / 2 ** 20 - startMib);
  if (growthMib > growthLimitMib) found.push(`memory grew by ${growthMib} MiB over the last three quarters`);
  node.stop();
  const figures = { inputs: rounds, behindTheSeal: opened, members: node.members().length, growthMib };
  return { soak: 'gossip', rounds, seed, pass: found.length === 0, found, figures };
};
