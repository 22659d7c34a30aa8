import { randomBytes } from 'node:crypto';

/** Bytes of a cookie: nobody guesses it in the time that it waits. */
export const cookieBytes = 8;
/** Packets of one boot that wait for its echo; older ones go first, what they said is said again. */
const heldPackets = 4;

interface Pending {
  cookie: Buffer;
  /** Packets whose claims wait until their sender has shown that it is there. */
  held: Uint8Array[];
}

/**
 * Boots that have not shown yet that they run now. A recorded packet of an earlier boot has a right tag too, and whoever has
 * just started remembers no sequence of it: only who answers a fresh cookie under the very same boot is believed.
 * At most `limit` wait; the one that waits for longest goes first, and is asked anew when it speaks again.
 */
export class BootCookies {
  readonly #limit: number;
  readonly #random: (bytes: number) => Buffer;
  readonly #pending = new Map<string, Pending>();

  constructor(limit = 256, random: (bytes: number) => Buffer = randomBytes) {
    this.#limit = limit;
    this.#random = random;
  }

  /** Boots that wait. */
  get size(): number {
    return this.#pending.size;
  }

  /** The cookie that `boot` must bring back. Its packet, if there is one, waits for that. */
  ask(boot: string, packet?: Uint8Array): Uint8Array {
    const known = this.#pending.get(boot);
    const pending = known ?? { cookie: this.#random(cookieBytes), held: [] };
    if (known === undefined) this.#add(boot, pending);
    if (packet !== undefined) pending.held.push(packet);
    if (pending.held.length > heldPackets) pending.held.shift();
    return pending.cookie;
  }

  /** What waited for `boot`, once: undefined where the cookie is not its own. */
  redeem(boot: string, cookie: Uint8Array): Uint8Array[] | undefined {
    const pending = this.#pending.get(boot);
    if (pending === undefined || !pending.cookie.equals(cookie)) return undefined;
    this.#pending.delete(boot);
    return pending.held;
  }

  #add(boot: string, pending: Pending): void {
    this.#pending.set(boot, pending);
    const oldest = this.#pending.keys().next().value;
    if (this.#pending.size > this.#limit && oldest !== undefined) this.#pending.delete(oldest);
  }
}
