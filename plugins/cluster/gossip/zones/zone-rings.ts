import type { Keyring } from '../keyring.ts';
import type { ZoneKey } from '../seal.ts';

/**
 * The keys of our zone and of those below. Upwards our own is spoken, downwards that of the zone there: so who is below
 * never holds the key of who is above, and what comes under a lower key is the word of that zone only.
 */
export class ZoneRings {
  /** All keys that open. */
  readonly keys: readonly ZoneKey[];
  readonly below: ReadonlyMap<string, Keyring>;
  readonly #ring: Keyring;
  readonly #own: string | undefined;
  readonly #zones = new Map<string, string>();

  constructor(ring: Keyring, own: string | undefined, below: ReadonlyMap<string, Keyring> = new Map()) {
    this.#ring = ring;
    this.#own = own;
    this.below = below;
    const rings: [string, Keyring][] = [...below];
    for (const [zone, { keys }] of rings) for (const { id } of keys) this.#zones.set(id, zone);
    // Where two zones share a key it is ours.
    for (const { id } of ring.keys) this.#zones.delete(id);
    const all = [...ring.keys, ...rings.flatMap(([, { keys }]) => keys)];
    this.keys = [...new Map(all.map((key) => [key.id, key])).values()];
  }

  /** Whose zone's key this is; undefined where there are no zones. */
  zoneOf(id: string): string | undefined {
    return this.#zones.get(id) ?? this.#own;
  }

  /** The key for one of a zone: ours for our own, for those above and for who is not known. */
  keyFor(zone: string | undefined): ZoneKey {
    return (zone === undefined ? undefined : this.below.get(zone))?.active ?? this.#ring.active;
  }

  /** The key for an answer to what came under that one. */
  answering(id: string): ZoneKey {
    return this.keyFor(this.#zones.get(id));
  }
}
