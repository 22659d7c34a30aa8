import type { ZoneKey } from './seal.ts';

/** The keys of a zone: all of them open, `active` seals. Never changed in place. */
export interface Keyring {
  keys: readonly ZoneKey[];
  active: ZoneKey;
}

/** More would only slow the change down. */
const keyLimit = 8;

/** A ring with one key. */
export function keyringOf(key: ZoneKey): Keyring {
  return { keys: [key], active: key };
}

/** The ring with one more key that opens. Throws RangeError when it is full. */
export function installKey(ring: Keyring, key: ZoneKey): Keyring {
  if (ring.keys.some(({ id }) => id === key.id)) return ring;
  if (ring.keys.length >= keyLimit)
    throw new RangeError(`a keyring holds at most ${keyLimit} keys; remove one first`);
  return { ...ring, keys: [...ring.keys, key] };
}

/** The ring with another key that seals. Throws RangeError where it does not hold it. */
export function useKey(ring: Keyring, id: string): Keyring {
  const active = ring.keys.find((key) => key.id === id);
  if (active === undefined) throw new RangeError(`no key ${id} is installed; install it on every node first`);
  return { ...ring, active };
}

/** The ring without a key. Throws RangeError for the one that seals. */
export function removeKey(ring: Keyring, id: string): Keyring {
  if (ring.active.id === id) throw new RangeError(`key ${id} seals what is sent; use another one first`);
  return { ...ring, keys: ring.keys.filter((key) => key.id !== id) };
}
