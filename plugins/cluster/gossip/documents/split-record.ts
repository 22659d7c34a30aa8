import { createHash } from 'node:crypto';
import { encodeAny, encodeRecord, recordBytes } from '../codec.ts';
import type { NodeRecord } from '../messages.ts';

/** The largest body of a record that goes by stream. */
export const bodyBytes = 64 * 1024;
/** Bytes of a body's hash, SHA-256. */
export const hashBytes = 32;

/** Fields that always travel with the claim: by them a node is found, probed and judged, and a change of checks moves no body. */
const headFields = [
  'uuid',
  'incarnation',
  'key',
  'name',
  'addresses',
  'port',
  'zone',
  'proxy',
  'checks_version',
  'version',
  'protocol',
];

/** What of a record does not fit a datagram. */
export interface RecordBody {
  /** SHA-256 in hex; `more` of the record has the same as bytes, so the signature covers it. */
  hash: string;
  bytes: Uint8Array;
}

/** A record as it is announced: whole where it fits, else its head, with `more` in place of the body. */
export interface PackedRecord {
  record: NodeRecord;
  bytes: Uint8Array;
  body?: RecordBody;
}

/** Packs a record. Throws RangeError where its head alone fits no datagram, or its body has more than 64 KiB. */
export function packRecord(record: NodeRecord): PackedRecord {
  const whole = encodeAny(record);
  if (whole.length <= recordBytes) return { record, bytes: whole };
  const isHead = ([field]: [string, unknown]): boolean => headFields.includes(field);
  const fields = Object.entries(record);
  const bytes = encodeAny(Object.fromEntries(fields.filter((field) => !isHead(field))));
  if (bytes.length > bodyBytes)
    throw new RangeError(
      `the record of ${record.uuid} has ${bytes.length} bytes, at most ${bodyBytes} travel`,
    );
  const more = new Uint8Array(createHash('sha256').update(bytes).digest());
  const head = { ...(Object.fromEntries(fields.filter(isHead)) as NodeRecord), groups: [], more };
  return { record: head, bytes: encodeRecord(head), body: { hash: hashOf(more), bytes } };
}

/** The hash of the body that a record leaves out, or undefined where it is whole. */
export function bodyHash({ more }: NodeRecord): string | undefined {
  return more instanceof Uint8Array && more.length === hashBytes ? hashOf(more) : undefined;
}

/** Whether these are the bytes that the hash stands for. */
export function isBodyOf(hash: string, bytes: Uint8Array): boolean {
  return createHash('sha256').update(bytes).digest('hex') === hash;
}

/** A head and the fields of its body. A body never changes what the head says. */
export function joinRecord(head: NodeRecord, fields: { [field: string]: unknown }): NodeRecord {
  const { more: _more, groups: _groups, ...rest } = head;
  return { groups: [], ...fields, ...rest } as NodeRecord;
}

function hashOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
