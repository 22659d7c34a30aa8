import type { AliveClaim } from './messages.ts';

/** Bytes of a signature by which claims are found. */
const keyBytes = 12;

/** The signed claims that were read last, so that one which comes again costs no second reading: while members join, each hears of each from many. */
export class ClaimCache {
  readonly #limit: number;
  readonly #claims = new Map<string, AliveClaim>();

  /** At most `limit` are kept; the oldest goes first. */
  constructor(limit = 1024) {
    this.#limit = limit;
  }

  /** The claim of exactly these bytes. */
  get(body: Uint8Array, signature: Uint8Array): AliveClaim | undefined {
    const known = this.#claims.get(keyOf(signature));
    const isSame =
      known !== undefined &&
      Buffer.compare(known.signature, signature) === 0 &&
      Buffer.compare(known.body, body) === 0;
    return isSame ? known : undefined;
  }

  /** Keeps a claim. One without a signature is not kept: nothing tells it from others. */
  add(claim: AliveClaim): void {
    if (claim.signature.length < keyBytes) return;
    this.#claims.set(keyOf(claim.signature), claim);
    const oldest = this.#claims.keys().next().value;
    if (this.#claims.size > this.#limit && oldest !== undefined) this.#claims.delete(oldest);
  }
}

function keyOf(signature: Uint8Array): string {
  const length = Math.min(keyBytes, signature.length);
  return Buffer.from(signature.buffer, signature.byteOffset, length).toString('latin1');
}
