import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  datagramBytes,
  decodePacket,
  encodeMessage,
  encodeRecord,
  exchangeBytes,
  incarnationLimit,
  joinMessages,
  protocolVersion,
} from './codec.ts';
import type { AliveClaim, Message, NodeRecord } from './messages.ts';

const record: NodeRecord = {
  uuid: '0b7e3f5e-6c0d-4a51-9a56-2a2f7a3f0d11',
  incarnation: 1_790_000_000,
  name: 'web1.example.org',
  addresses: ['10.0.0.1', 'fd00::1'],
  port: 6768,
  zone: 'internet',
  groups: ['linux', 'redis'],
  key: new Uint8Array(32).fill(7),
};
const body = encodeRecord(record);
const alive: AliveClaim = { kind: 'alive', body, signature: new Uint8Array(64).fill(9), record };
const uuid = record.uuid;
const messages: Message[] = [
  { kind: 'ping', sequence: 7, target: uuid, from: 'b' },
  { kind: 'ack', sequence: 7, from: uuid },
  { kind: 'nack', sequence: 7, from: 'b', refused: true },
  { kind: 'relay', sequence: 8, target: uuid, from: 'b' },
  alive,
  { kind: 'suspect', uuid, incarnation: 3, by: 'b', evidence: 'no-ack' },
  { kind: 'dead', uuid, incarnation: 3, by: 'b', evidence: 'refused' },
  { kind: 'leave', uuid, incarnation: 3, by: uuid, signature: new Uint8Array(64) },
  {
    kind: 'state',
    alive,
    state: 'dead',
    incarnation: 3,
    ageMs: 5,
    by: 'b',
    evidence: 'reported',
    signature: new Uint8Array(),
  },
  { kind: 'event', id: '00ff', name: 'shinken-restart', from: uuid, ageMs: 12, payload: '{"a":1}' },
  { kind: 'detect', token: 'aa', from: uuid, zone: 'lan' },
  { kind: 'detected', token: 'aa', alive },
  { kind: 'ask-body', hash: 'ab'.repeat(32) },
  { kind: 'body', hash: 'ab'.repeat(32), bytes: new Uint8Array(2000) },
  { kind: 'ask-details', uuid, epoch: '17', version: 4 },
  { kind: 'details', uuid, epoch: '17', version: 5, isFull: false, changes: '{}' },
  { kind: 'hello', zone: 'lan' },
  { kind: 'digest', salt: 2 ** 32 - 1, sums: new Uint8Array(4096) },
  { kind: 'part', count: 1024, parts: [0, 17, 1023] },
];
const pack = (...list: Message[]): Uint8Array => joinMessages(list.map(encodeMessage));
const raw = (...values: unknown[]): Uint8Array => joinMessages(values.map((value) => encode(value)));

describe('the codec', () => {
  it('reads what it wrote', () => {
    expect(decodePacket(pack(...messages), exchangeBytes)).toEqual({ messages, refused: 0 });
  });

  it.each([
    ['a ping', messages[0], 80],
    ['a suspicion', messages[5], 60],
    ['an alive claim, key and signature included', alive, 320],
  ] as const)('keeps %s small', (_title, message, limit) => {
    expect(encodeMessage(message as Message).length).toBeLessThanOrEqual(limit);
  });

  it('keeps fields that a newer version appended, and passes them on', () => {
    const [message] = decodePacket(raw([1, 7, 'b', 'new', { field: 1 }])).messages;
    expect(message).toEqual({ kind: 'ack', sequence: 7, from: 'b', rest: ['new', { field: 1 }] });
    expect(decodePacket(pack(message as Message)).messages).toEqual([message]);
  });

  it('keeps unknown fields of a record, in the very bytes that were signed', () => {
    const newer = encodeRecord({ ...record, colour: 'red' });
    const [message] = decodePacket(raw([4, newer, new Uint8Array(64)])).messages;
    expect(message).toMatchObject({ kind: 'alive', record: { colour: 'red' } });
    expect(Buffer.compare((message as AliveClaim).body, newer)).toBe(0);
  });

  it.each([
    ['too deep', Buffer.concat([Buffer.alloc(300, 0x91), Buffer.of(1)])],
    ['a date beyond all dates', Buffer.from('c70cff00000000ffffffffffffff00', 'hex')],
  ])('passes on nothing that it could not write again: %s', (_title, appended) => {
    const packet = Buffer.concat([Buffer.of(protocolVersion, 0x94, 1, 7, 0xa1, 0x62), appended]);
    const { messages: read } = decodePacket(packet);
    expect(() => pack(...read)).not.toThrow();
  });

  it('passes over messages of kinds that it does not know', () => {
    expect(decodePacket(raw([99, 'x'], [1, 7, 'b']))).toEqual({
      messages: [messages[1]].map(() => ({ kind: 'ack', sequence: 7, from: 'b' })),
      refused: 1,
    });
  });

  it.each<[string, unknown]>([
    ['no array', { kind: 0 }],
    ['no kind', []],
    ['a kind that is no number', ['length', 1, 'b']],
    ['too few fields', [0, 7, 'a']],
    ['a negative sequence', [1, -1, 'b']],
    ['an empty name', [1, 7, '']],
    ['a name too long', [1, 7, 'x'.repeat(256)]],
    ['evidence that is a property of arrays', [5, 'a', 1, 'b', 'length']],
    ['an incarnation beyond the limit', [5, 'a', incarnationLimit, 'b', 0]],
    ['a signature of another length', [4, body, new Uint8Array(5)]],
    ['a record that is none', [4, encode('x'), new Uint8Array(64)]],
    ['a record without addresses', [4, encode({ ...record, addresses: [] }), new Uint8Array(64)]],
    ['a key of another length', [4, encode({ ...record, key: new Uint8Array(31) }), new Uint8Array(64)]],
  ])('refuses %s', (_title, value) => {
    expect(decodePacket(raw(value))).toEqual({ messages: [], refused: 1 });
  });

  it('refuses another version, an empty packet and one too long without reading it', () => {
    const ack = pack(messages[1] as Message);
    expect(decodePacket(Uint8Array.of(protocolVersion + 1, ...ack.subarray(1))).refused).toBe(1);
    expect(decodePacket(new Uint8Array()).refused).toBe(1);
    expect(decodePacket(Buffer.concat([ack, Buffer.alloc(datagramBytes)])).refused).toBe(1);
  });

  it('refuses a row whose accuser has a name too long to be kept and passed on', () => {
    const row = messages.find(({ kind }) => kind === 'state') as Message;
    const packet = pack({ ...row, by: 'x'.repeat(256) } as Message, row);
    expect(decodePacket(packet, exchangeBytes)).toMatchObject({ messages: [row], refused: 1 });
  });

  it('refuses to announce a record that fits no datagram', () => {
    expect(() => encodeRecord({ ...record, groups: ['x'.repeat(250), 'y'.repeat(250)] })).toThrow(RangeError);
  });
});

describe('any bytes', () => {
  const sound = pack(...messages.slice(0, 8));

  it('are read without a throw, and into no more messages than bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { messages: read } = decodePacket(Uint8Array.of(protocolVersion, ...bytes));
        expect(read.length).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('changed in sound packets are read without a throw, and what is read can be passed on', () => {
    const change = fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.nat(sound.length),
        (changes, length) => {
          const bytes = Buffer.from(sound).subarray(0, length);
          for (const [at, value] of changes) if (at > 0 && at < length) bytes[at] = value;
          const { messages: read } = decodePacket(bytes, exchangeBytes);
          expect(decodePacket(pack(...read), exchangeBytes).messages).toEqual(read);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
