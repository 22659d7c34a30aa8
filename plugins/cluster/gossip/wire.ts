import { type Decoded, decodePacket, encodeMessage, joinMessages } from './codec.ts';
import type { Message } from './messages.ts';
import type { Sized } from './transport.ts';

/** How messages become packets: bytes between agents, objects that know their size in a simulation of many. */
export interface Wire<Packet extends Sized> {
  /** One message, to be joined with others. */
  encode(message: Message): Packet;
  join(messages: readonly Packet[]): Packet;
  /** Reads a packet of at most `maxBytes`, by default a datagram. Never throws. */
  decode(packet: Packet, maxBytes?: number): Decoded;
}

/** What agents speak. */
export const bytesWire: Wire<Uint8Array> = {
  encode: encodeMessage,
  join: joinMessages,
  decode: decodePacket,
};
