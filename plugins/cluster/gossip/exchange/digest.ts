import type { AliveClaim, EventMessage, StateRow } from '../messages.ts';

/** Entries of a table that share one sum, about: what two tables differ in costs the entries of its part. */
const partEntries = 8;
/** Parts that a digest has at most. */
export const partLimit = 1024;
/** Bytes of the sum of a part. */
const sumBytes = 4;

/** What tables hold: members, and events that are kept. */
export type Entry = StateRow | EventMessage;

/** Sums over the parts of a table, four bytes a part. Equal sums under one salt mean equal parts; a chance hit passes with the next salt. */
export function digestOf(entries: readonly Entry[], parts: number, salt: number): Uint8Array {
  const sums = new Uint32Array(parts);
  for (const entry of entries) {
    const part = partOf(entry, parts);
    sums[part] = ((sums[part] ?? 0) + mixed(markOf(entry) ^ salt)) >>> 0;
  }
  const bytes = new Uint8Array(parts * sumBytes);
  const view = new DataView(bytes.buffer);
  for (const [part, sum] of sums.entries()) view.setUint32(part * sumBytes, sum);
  return bytes;
}

/** Into how many parts a table with so many entries is split. */
export function partsFor(entries: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, entries / partEntries)));
  return Math.min(partLimit, wanted);
}

/** How many parts a digest has; undefined where it is none. */
export function partsIn(sums: Uint8Array): number | undefined {
  const parts = sums.length / sumBytes;
  return Number.isInteger(parts) && parts >= 1 && parts <= partLimit ? parts : undefined;
}

/** The parts in which two digests of as many parts differ. */
export function differingParts(ours: Uint8Array, theirs: Uint8Array): number[] {
  const parts: number[] = [];
  for (let at = 0; at < ours.length; at += sumBytes)
    if (Buffer.compare(ours.subarray(at, at + sumBytes), theirs.subarray(at, at + sumBytes)) !== 0)
      parts.push(at / sumBytes);
  return parts;
}

/** In which part an entry stands. */
export function partOf(entry: Entry, parts: number): number {
  const place = entry.kind === 'event' ? mixed(hashOf(Buffer.from(entry.id))) : claimMarks(entry.alive).place;
  return place % parts;
}

/** A sum over what must be equal of an entry on both sides: not the age, nor who accuses. */
export function markOf(entry: Entry): number {
  if (entry.kind === 'event') return hashOf(Buffer.from(entry.id));
  const { alive, state, incarnation } = entry;
  return mixed(claimMarks(alive).words ^ mixed(incarnation)) ^ state.charCodeAt(0);
}

/** Claims are never changed, so each is looked at once. */
const marks = new WeakMap<AliveClaim, { place: number; words: number }>();

function claimMarks(alive: AliveClaim): { place: number; words: number } {
  const known = marks.get(alive);
  if (known !== undefined) return known;
  const made = { place: mixed(hashOf(Buffer.from(alive.record.uuid))), words: hashOf(alive.body) };
  marks.set(alive, made);
  return made;
}

/** FNV-1a of 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The last step of MurmurHash3: each bit depends on all. */
function mixed(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
