import type { Cipher } from './cipher.ts';
import { type Packet, packetBytes, readPacket } from './packet.ts';

/** What came of a part of a stream: packets, and whether what follows can be read. */
export interface Read {
  packets: Packet[];
  isReadable: boolean;
}

/**
 * The packets of one connection, whatever parts they come in. A client sends packets of one size; which it is the first one tells, by its CRC. At
 * most a packet is kept.
 */
export class Session {
  readonly #cipher: Cipher;
  #rest: Buffer = Buffer.alloc(0);
  #bytes: number = packetBytes.short;
  #isKnown = false;

  constructor(cipher: Cipher) {
    this.#cipher = cipher;
  }

  /** Takes the next part. */
  push(part: Buffer): Read {
    const packets: Packet[] = [];
    this.#rest = Buffer.concat([this.#rest, part]);
    while (this.#rest.length >= this.#bytes) {
      const bytes = this.#rest.subarray(0, this.#bytes);
      const packet = readPacket(this.#cipher.open(bytes));
      if (packet !== undefined) {
        this.#isKnown = true;
        this.#cipher.pass(bytes);
        this.#rest = Buffer.from(this.#rest.subarray(this.#bytes));
        packets.push(packet);
      } else if (!this.#isKnown && this.#bytes === packetBytes.short) this.#bytes = packetBytes.long;
      else return { packets, isReadable: false };
    }
    return { packets, isReadable: true };
  }
}
