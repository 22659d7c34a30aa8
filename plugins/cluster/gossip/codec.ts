// @msgpack/msgpack: no dependencies, no native parts, no install script, no code generated at run time, limits on every length,
// and a decoder without recursion. msgpackr is faster, but brings an optional native addon and compiles code with `new Function`.
import { Decoder, Encoder } from '@msgpack/msgpack';
import { ClaimCache } from './claim-cache.ts';
import { partsIn } from './exchange/digest.ts';
import type { AliveClaim, Evidence, MemberState, Message, NodeRecord } from './messages.ts';
import { sealBytes } from './seal.ts';

/** First byte of everything that this version writes and reads. */
export const protocolVersion = 1;
/** A datagram never exceeds it, seal included: it passes tunnels and IPv6's minimum MTU of 1,280. */
export const datagramBytes = 1200;
/** What is left of it for messages behind the header and tag of the seal. */
export const payloadBytes = datagramBytes - sealBytes;
/** The largest full exchange that is read. */
export const exchangeBytes = 8 * 1024 * 1024;
/** The largest body of a record inside a datagram. */
export const recordBytes = 512;

/** What a newer version may append to one message: with it, each still fits a datagram. */
const restBytes = 256;

/** Above every incarnation in use; leaves a node room to refute what it is accused of. */
export const incarnationLimit = 2 ** 48;

const limits = {
  maxStrLength: 1024,
  maxBinLength: 1024,
  maxArrayLength: 256,
  maxMapLength: 64,
  maxExtLength: 64,
};
/** Behind a stream there are tables, bodies and details. */
const streamLimits = {
  ...limits,
  maxStrLength: 1024 * 1024,
  maxBinLength: 64 * 1024,
  maxArrayLength: 4096,
};
// One of each for all packets: a member at rest spends most of its time on making what it throws away.
const encoder = new Encoder();
const datagrams = new Decoder(limits);
const streams = new Decoder(streamLimits);
/** Of records, while the packet around them is read. */
const records = new Decoder(limits);
const claims = new ClaimCache();
const hashPattern = /^[0-9a-f]{64}$/;
const states: MemberState[] = ['alive', 'suspect', 'dead', 'leave'];
const evidences: Evidence[] = ['no-ack', 'refused', 'suspicion-timeout', 'reported'];

/** What was read of a packet, and how many of its messages this version does not know or refuses. */
export interface Decoded {
  messages: Message[];
  refused: number;
}

const nothing: Decoded = { messages: [], refused: 1 };

/** One message, to be put after others behind a version byte. */
export function encodeMessage(message: Message): Uint8Array {
  return encoder.encode([...fieldsOf(message), ...(message.rest ?? [])]);
}

/** The version byte and messages that `encodeMessage` made. */
export function joinMessages(messages: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(protocolVersion), ...messages]);
}

/** Reads a packet of at most `maxBytes`. Never throws; stops at the first byte that is no MessagePack. */
export function decodePacket(packet: Uint8Array, maxBytes = datagramBytes): Decoded {
  if (packet.length < 2 || packet.length > maxBytes || packet[0] !== protocolVersion) return nothing;
  const decoded: Decoded = { messages: [], refused: 0 };
  try {
    // A plain view: what is read of a Buffer would be Buffers.
    const bytes = new Uint8Array(packet.buffer, packet.byteOffset + 1, packet.length - 1);
    for (const value of (maxBytes > datagramBytes ? streams : datagrams).decodeMulti(bytes)) {
      const message = Array.isArray(value) ? messageOf(value) : undefined;
      if (message === undefined) decoded.refused += 1;
      else decoded.messages.push(message);
    }
  } catch {
    decoded.refused += 1;
  }
  return decoded;
}

/** The bytes that a node signs and others pass on. Throws RangeError where the record is too large for a datagram. */
export function encodeRecord(record: NodeRecord): Uint8Array {
  const body = encodeAny(record);
  if (body.length > recordBytes)
    throw new RangeError(`the record of ${record.uuid} has ${body.length} bytes, at most ${recordBytes} fit`);
  return body;
}

/** Any plain value, as records are encoded. */
export function encodeAny(value: unknown): Uint8Array {
  return encoder.encode(value);
}

/** The fields of a record's body; undefined where the bytes are none. Never throws. */
export function decodeBody(bytes: Uint8Array): { [field: string]: unknown } | undefined {
  const value = mapOf(bytes, streams);
  const { groups = [], failing = [] } = value ?? {};
  return isNames(groups) && isNames(failing) ? value : undefined;
}

/** What a leaving node signs. */
export function leaveBytes(uuid: string, incarnation: number): Uint8Array {
  return encoder.encode(['leave', uuid, incarnation]);
}

function fieldsOf(message: Message): unknown[] {
  switch (message.kind) {
    case 'ping':
      return [0, message.sequence, message.target, message.from];
    case 'ack':
      return [1, message.sequence, message.from];
    case 'nack':
      return [2, message.sequence, message.from, message.refused];
    case 'relay':
      return [3, message.sequence, message.target, message.from];
    case 'alive':
      return [4, message.body, message.signature];
    case 'suspect':
    case 'dead': {
      const { uuid, incarnation, by, evidence } = message;
      return [message.kind === 'suspect' ? 5 : 6, uuid, incarnation, by, evidences.indexOf(evidence)];
    }
    case 'leave':
      return [7, message.uuid, message.incarnation, message.by, message.signature];
    case 'state': {
      const { alive, state, incarnation, ageMs, by, evidence, signature } = message;
      const row = [states.indexOf(state), incarnation, Math.round(ageMs), by, evidences.indexOf(evidence)];
      return [8, alive.body, alive.signature, ...row, signature];
    }
    case 'event':
      return [9, message.id, message.name, message.from, Math.round(message.ageMs), message.payload];
    case 'detect':
      return [10, message.token, message.from, message.zone];
    case 'detected':
      return [11, message.token, message.alive.body, message.alive.signature];
    case 'ask-body':
      return [12, message.hash];
    case 'body':
      return [13, message.hash, message.bytes];
    case 'ask-details':
      return [14, message.uuid, message.epoch, message.version];
    case 'details': {
      const { uuid, epoch, version, isFull, changes } = message;
      return [15, uuid, epoch, version, isFull, changes];
    }
    case 'hello':
      return [16, message.zone];
    case 'digest':
      return [17, message.salt, message.sums];
    case 'part':
      return [18, message.count, message.parts];
  }
}

/** For each kind of message: how many fields it has, and what they must be. */
const readers: { count: number; read(fields: unknown[]): Message | undefined }[] = [
  {
    count: 4,
    read: ([, sequence, target, from]) =>
      isCount(sequence) && isName(target) && isName(from)
        ? { kind: 'ping', sequence, target, from }
        : undefined,
  },
  {
    count: 3,
    read: ([, sequence, from]) =>
      isCount(sequence) && isName(from) ? { kind: 'ack', sequence, from } : undefined,
  },
  {
    count: 4,
    read: ([, sequence, from, refused]) =>
      isCount(sequence) && isName(from) && typeof refused === 'boolean'
        ? { kind: 'nack', sequence, from, refused }
        : undefined,
  },
  {
    count: 4,
    read: ([, sequence, target, from]) =>
      isCount(sequence) && isName(target) && isName(from)
        ? { kind: 'relay', sequence, target, from }
        : undefined,
  },
  { count: 3, read: ([, body, signature]) => aliveOf(body, signature) },
  { count: 5, read: (fields) => accusationOf('suspect', fields) },
  { count: 5, read: (fields) => accusationOf('dead', fields) },
  {
    count: 5,
    read: ([, uuid, incarnation, by, signature]) =>
      isName(uuid) && isIncarnation(incarnation) && isName(by) && isSignature(signature)
        ? { kind: 'leave', uuid, incarnation, by, signature: new Uint8Array(signature) }
        : undefined,
  },
  { count: 9, read: rowOf },
  {
    count: 6,
    read: ([, id, name, from, ageMs, payload]) =>
      isName(id) && isName(name) && isName(from) && isCount(ageMs) && typeof payload === 'string'
        ? { kind: 'event', id, name, from, ageMs, payload }
        : undefined,
  },
  {
    count: 4,
    read: ([, token, from, zone]) =>
      isName(token) && isName(from) && typeof zone === 'string'
        ? { kind: 'detect', token, from, zone }
        : undefined,
  },
  {
    count: 4,
    read: ([, token, body, signature]) => {
      const alive = aliveOf(body, signature);
      return isName(token) && alive !== undefined ? { kind: 'detected', token, alive } : undefined;
    },
  },
  { count: 2, read: ([, hash]) => (isHash(hash) ? { kind: 'ask-body', hash } : undefined) },
  {
    count: 3,
    read: ([, hash, bytes]) =>
      isHash(hash) && bytes instanceof Uint8Array ? { kind: 'body', hash, bytes } : undefined,
  },
  {
    count: 4,
    read: ([, uuid, epoch, version]) =>
      isName(uuid) && typeof epoch === 'string' && isCount(version)
        ? { kind: 'ask-details', uuid, epoch, version }
        : undefined,
  },
  {
    count: 6,
    read: ([, uuid, epoch, version, isFull, changes]) =>
      isName(uuid) &&
      typeof epoch === 'string' &&
      isCount(version) &&
      typeof isFull === 'boolean' &&
      typeof changes === 'string'
        ? { kind: 'details', uuid, epoch, version, isFull, changes }
        : undefined,
  },
  { count: 2, read: ([, zone]) => (isName(zone) ? { kind: 'hello', zone } : undefined) },
  {
    count: 3,
    read: ([, salt, sums]) =>
      isCount(salt) && sums instanceof Uint8Array && partsIn(sums) !== undefined
        ? { kind: 'digest', salt, sums }
        : undefined,
  },
  {
    count: 3,
    read: ([, count, parts]) =>
      isCount(count) && count >= 1 && Array.isArray(parts) && parts.every(isCount)
        ? { kind: 'part', count, parts }
        : undefined,
  },
];

function messageOf(fields: unknown[]): Message | undefined {
  const reader = typeof fields[0] === 'number' ? readers[fields[0]] : undefined;
  if (reader === undefined || fields.length < reader.count) return undefined;
  const message = reader.read(fields);
  if (message === undefined || fields.length === reader.count) return message;
  const rest = fields.slice(reader.count);
  return canPassOn(rest) ? { ...message, rest } : undefined;
}

/** The decoder reads what the encoder refuses to write, such as nesting beyond its depth. */
function canPassOn(rest: unknown[]): boolean {
  try {
    return encoder.encode(rest).length <= restBytes;
  } catch {
    return false;
  }
}

function accusationOf(
  kind: 'suspect' | 'dead',
  [, uuid, incarnation, by, code]: unknown[],
): Message | undefined {
  const evidence = coded(evidences, code);
  return isName(uuid) && isIncarnation(incarnation) && isName(by) && evidence !== undefined
    ? { kind, uuid, incarnation, by, evidence }
    : undefined;
}

function rowOf(fields: unknown[]): Message | undefined {
  const [, body, own, stateCode, incarnation, ageMs, by, code, signature] = fields;
  const alive = aliveOf(body, own);
  const state = coded(states, stateCode);
  const evidence = coded(evidences, code);
  if (alive === undefined || state === undefined || evidence === undefined) return undefined;
  if (!isIncarnation(incarnation) || !isCount(ageMs) || (by !== '' && !isName(by)) || !isSignature(signature))
    return undefined;
  return {
    kind: 'state',
    alive,
    state,
    incarnation,
    ageMs,
    by,
    evidence,
    signature: new Uint8Array(signature),
  };
}

function aliveOf(bytes: unknown, signature: unknown): AliveClaim | undefined {
  if (!(bytes instanceof Uint8Array) || bytes.length > recordBytes || !isSignature(signature))
    return undefined;
  const known = claims.get(bytes, signature);
  if (known !== undefined) return known;
  // Copies: a view would keep the whole packet in memory for as long as the member is known.
  const body = new Uint8Array(bytes);
  const record = recordOf(body);
  if (record === undefined) return undefined;
  const claim: AliveClaim = { kind: 'alive', body, signature: new Uint8Array(signature), record };
  claims.add(claim);
  return claim;
}

function recordOf(body: Uint8Array): NodeRecord | undefined {
  const value = mapOf(body, records);
  if (value === undefined) return undefined;
  const { uuid, incarnation, name, addresses, port, zone, groups, key } = value;
  const sound =
    isName(uuid) &&
    isIncarnation(incarnation) &&
    isName(name) &&
    isNames(addresses) &&
    addresses.length > 0 &&
    isCount(port) &&
    port < 65_536 &&
    typeof zone === 'string' &&
    isNames(groups) &&
    key instanceof Uint8Array &&
    (key.length === 0 || key.length === 32);
  return sound ? (value as NodeRecord) : undefined;
}

function mapOf(bytes: Uint8Array, decoder: Decoder): { [field: string]: unknown } | undefined {
  try {
    // Throws where anything stands behind it.
    const value = decoder.decode(bytes);
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isMap ? (value as { [field: string]: unknown }) : undefined;
  } catch {
    return undefined;
  }
}

function coded<Value>(values: readonly Value[], code: unknown): Value | undefined {
  return isCount(code) ? values[code] : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isIncarnation(value: unknown): value is number {
  return isCount(value) && value < incarnationLimit;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 255;
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isName);
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && hashPattern.test(value);
}

function isSignature(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && (value.length === 0 || value.length === 64);
}
