/** What a client may get: the answer, one that makes it ask over TCP, or nothing. */
export type Allowance = 'answer' | 'slip' | 'drop';

/** Equal answers to one network within a second. */
const perSecond = 200;
const ways = 4;
const sets = 4096;
/** Of one slot: who and what, the second it counts in, and how often. */
const slots = ways * sets;

/**
 * Bounds what one network gets of equal answers, so that nobody floods it with a forged sender's address: 200 a second to a /24 of IPv4 or a
 * /56 of IPv6, and of those beyond every second one is cut short, which a real client then asks for over TCP. Loopback is exempt: nobody
 * forges it. The table has a fixed size; under too many networks the longest unseen are forgotten.
 */
export class RateLimiter {
  readonly #keys = new Int32Array(slots);
  readonly #seconds = new Float64Array(slots);
  readonly #counts = new Uint32Array(slots);

  /** `answer` tells equal answers, `nowMs` never goes back. */
  allow(client: string, answer: number, nowMs: number): Allowance {
    if (isLoopback(client)) return 'answer';
    const key = Math.imul(networkHash(client) ^ answer, 0x9e3779b1) | 1;
    const second = Math.floor(nowMs / 1000);
    const slot = this.#slot(key, second);
    const count = this.#counts[slot]! + 1;
    this.#counts[slot] = count;
    if (count <= perSecond) return 'answer';
    return (count - perSecond) % 2 === 1 ? 'drop' : 'slip';
  }

  #slot(key: number, second: number): number {
    const first = ((key >>> 8) % sets) * ways;
    let oldest = first;
    for (let slot = first; slot < first + ways; slot += 1) {
      if (this.#keys[slot] === key) {
        oldest = slot;
        break;
      }
      if (this.#seconds[slot]! < this.#seconds[oldest]!) oldest = slot;
    }
    if (this.#keys[oldest] !== key || this.#seconds[oldest] !== second) {
      this.#keys[oldest] = key;
      this.#seconds[oldest] = second;
      this.#counts[oldest] = 0;
    }
    return oldest;
  }
}

function isLoopback(client: string): boolean {
  return client.startsWith('127.') || client === '::1' || client.startsWith('::ffff:127.');
}

/** A number for the /24 or /56 of an address as the system writes it. */
export function networkHash(client: string): number {
  const start = client.startsWith('::ffff:') ? 7 : 0;
  const lastDot = client.lastIndexOf('.');
  if (lastDot > 0) return hashOf(client, start, lastDot);
  // The first 56 bits are three groups and the upper half of the fourth.
  let hash = 0x811c9dc5;
  let at = 0;
  for (let group = 0; group < 4; group += 1) {
    const end = client.indexOf(':', at);
    const isGap = end === at || end < 0;
    const value = isGap ? 0 : Number.parseInt(client.slice(at, end), 16);
    hash = Math.imul(hash ^ (group === 3 ? value >>> 8 : value), 0x01000193);
    if (!isGap) at = end + 1;
  }
  return hash;
}

function hashOf(text: string, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}
