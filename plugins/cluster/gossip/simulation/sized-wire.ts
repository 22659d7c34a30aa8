import { datagramBytes, encodeMessage } from '../codec.ts';
import type { AliveClaim, Message, StateRow } from '../messages.ts';
import type { Sized } from '../transport.ts';
import type { Wire } from '../wire.ts';

/** Messages with the size that they would have as bytes. */
export interface SizedPacket extends Sized {
  messages: readonly Message[];
}

/** A wire that makes no bytes: a member reads the very objects that another sent, which nobody changes. */
export const sizedWire: Wire<SizedPacket> = {
  encode: (message) => ({ length: messageBytes(message), messages: [message] }),
  join: (packets) => ({
    length: packets.reduce((sum, { length }) => sum + length, 1),
    messages:
      packets.length === 1 ? (packets[0]?.messages ?? []) : packets.flatMap(({ messages }) => messages),
  }),
  decode: ({ length, messages }, maxBytes = datagramBytes) =>
    length > maxBytes ? { messages: [], refused: 1 } : { messages: [...messages], refused: 0 },
};

const empty = new Uint8Array();
const rowBytes = new WeakMap<AliveClaim, number>();

/** The size of a message as the codec writes it. Of a row only what differs from view to view is looked at each time. */
export function messageBytes(message: Message): number {
  if (message.kind !== 'state') return encodeMessage(message).length;
  const { incarnation, ageMs, by, signature } = message;
  const varying = intBytes(incarnation) + intBytes(ageMs) + textBytes(by) + blockBytes(signature);
  return fixedBytes(message) + varying;
}

function fixedBytes(row: StateRow): number {
  const known = rowBytes.get(row.alive);
  if (known !== undefined) return known;
  const bare: StateRow = { ...row, incarnation: 0, ageMs: 0, by: '', signature: empty };
  const bytes = encodeMessage(bare).length - intBytes(0) - intBytes(0) - textBytes('') - blockBytes(empty);
  rowBytes.set(row.alive, bytes);
  return bytes;
}

/** MessagePack's sizes of an unsigned integer, a short ASCII text, and bytes. */
function intBytes(value: number): number {
  if (value < 2 ** 7) return 1;
  if (value < 2 ** 8) return 2;
  if (value < 2 ** 16) return 3;
  return value < 2 ** 32 ? 5 : 9;
}

function textBytes({ length }: string): number {
  return length + (length < 32 ? 1 : 2);
}

function blockBytes({ length }: Uint8Array): number {
  return length + (length < 256 ? 2 : 3);
}
