import { sealBytes } from '../seal.ts';

/**
 * What may go to who has not shown yet that it is where its packet says: in all no more bytes than that packet had. Whoever makes up where a
 * packet comes from gains nothing then. Who has shown it needs none.
 */
export class Allowance {
  #left: number;

  /** Of a packet of so many bytes, its seal aside; none for 0. */
  constructor(packetBytes: number) {
    this.#left = packetBytes === 0 ? 0 : packetBytes + sealBytes;
  }

  /** The largest packet that may still go, its seal aside; below 1, none. */
  get room(): number {
    return this.#left - sealBytes;
  }

  /** A packet of so many bytes goes, its seal aside. */
  spend(packetBytes: number): void {
    this.#left -= packetBytes + sealBytes;
  }
}
