import { createHash } from 'node:crypto';
import type { Json } from 'opsbro/sdk';
import { installKey, type Keyring, keyringOf, removeKey, useKey } from '../keyring.ts';
import { type ZoneKey, zoneKey } from '../seal.ts';

/** What is kept of a keyring over a restart. */
interface SavedRing {
  /** Tells whether the configuration has changed since. */
  configured: string;
  active: string;
  keys: string[];
}

/** One key as it may be shown. */
export interface KeyView {
  id: string;
  active: boolean;
}

/** The keys of this node: those of the configuration, and what was changed while it ran. Without a key there is no ring. */
export class KeyBook {
  readonly #configured: string;
  /** By id, in base64. */
  readonly #secrets = new Map<string, string>();
  #ring: Keyring | undefined;

  /**
   * `key` seals, `further` only open; `saved` is what `saved()` gave in an earlier life, and goes over the configuration where that is the
   * same as then. Throws RangeError for a key that is none.
   */
  constructor(key: string | undefined, further: readonly string[], saved: Json | undefined) {
    const wanted = key === undefined || key === '' ? [] : [key, ...further.filter((text) => text !== '')];
    this.#configured = createHash('sha256').update(wanted.join('\n')).digest('hex').slice(0, 16);
    for (const text of wanted) this.#add(text);
    const kept = wanted.length > 0 ? readSaved(saved) : undefined;
    if (kept === undefined || kept.configured !== this.#configured) return;
    const configured = this.#ring;
    this.#ring = undefined;
    this.#secrets.clear();
    for (const text of kept.keys) this.#add(text);
    if (this.#ring === undefined) this.#ring = configured;
    else if (this.#secrets.has(kept.active)) this.#ring = useKey(this.#ring, kept.active);
  }

  get ring(): Keyring | undefined {
    return this.#ring;
  }

  list(): KeyView[] {
    const ring = this.#ring;
    return (ring?.keys ?? []).map(({ id }) => ({ id, active: ring?.active.id === id }));
  }

  /** Changes the ring; `key` is one in base64, or but for `install` its id. Throws RangeError where that cannot be. */
  change(act: 'install' | 'use' | 'remove', key: string): Keyring {
    const ring = this.#ring;
    if (ring === undefined)
      throw new RangeError("this node has no key; write one into the configuration, as 'gossip: {key: …}'");
    const known = this.#secrets.has(key) ? key : undefined;
    const { id } = known === undefined ? readKey(key) : { id: known };
    if (act === 'install') this.#add(key);
    else {
      this.#ring = act === 'use' ? useKey(ring, id) : removeKey(ring, id);
      if (act === 'remove') this.#secrets.delete(id);
    }
    return this.#ring ?? ring;
  }

  saved(): Json {
    return {
      configured: this.#configured,
      active: this.#ring?.active.id ?? '',
      keys: [...this.#secrets.values()],
    };
  }

  #add(text: string): void {
    const key = readKey(text);
    this.#ring = this.#ring === undefined ? keyringOf(key) : installKey(this.#ring, key);
    this.#secrets.set(key.id, text.trim());
  }
}

/** A key from base64. Throws RangeError that says what it lacks, never the key. */
function readKey(text: string): ZoneKey {
  const trimmed = text.trim();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed)) throw new RangeError('a zone key is base64 of 16 or 32 bytes');
  return zoneKey(Buffer.from(trimmed, 'base64'));
}

function isKey(text: string): boolean {
  try {
    readKey(text);
    return true;
  } catch {
    return false;
  }
}

function readSaved(saved: Json | undefined): SavedRing | undefined {
  if (typeof saved !== 'object' || saved === null || Array.isArray(saved)) return undefined;
  const { configured, active, keys } = saved;
  const sound =
    typeof configured === 'string' &&
    typeof active === 'string' &&
    Array.isArray(keys) &&
    keys.every((key) => typeof key === 'string' && isKey(key));
  return sound ? { configured, active, keys: keys as string[] } : undefined;
}
