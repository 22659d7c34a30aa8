import { leaveBytes } from './codec.ts';
import type { Identity } from './identity.ts';
import type { AliveClaim, LeaveClaim } from './messages.ts';

/** Judges whether claims are the word of whom they speak for, and counts those that are not. */
export class Signatures {
  readonly #identity: Identity;
  #forged = 0;

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  /** Claims with a wrong signature since the start. */
  get forged(): number {
    return this.#forged;
  }

  isOwnWord({ record, body, signature }: AliveClaim): boolean {
    return this.#counted(this.#identity.verify(record.key, body, signature));
  }

  /** By the key that the node has shown. */
  isOwnLeave(key: Uint8Array, { uuid, incarnation, signature }: LeaveClaim): boolean {
    return this.#counted(this.#identity.verify(key, leaveBytes(uuid, incarnation), signature));
  }

  #counted(isTrue: boolean): boolean {
    if (!isTrue) this.#forged += 1;
    return isTrue;
  }
}
