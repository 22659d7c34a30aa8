import { installKey, type Keyring, keyringOf, useKey } from '../keyring.ts';
import { readZoneKey } from '../zones/zone-keys.ts';

/** What keys of zones are read with. */
export interface ZoneKeysParts {
  /** The directory of the files `<zone>.gossip.key`. */
  folder: string;
  /** A file's text; undefined where there is none that can be read. */
  read(path: string): Promise<string | undefined>;
  /** A key cannot be used. */
  onBad(path: string, why: string): void;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** The keys of zones, as files keep them: that of our own where the options give none, and those of the zones below. */
export class ZoneKeys {
  readonly #parts: ZoneKeysParts;
  readonly #rings = new Map<string, Keyring>();

  constructor(parts: ZoneKeysParts) {
    this.#parts = parts;
  }

  /** The rings of the zones below, as they were last read. */
  get below(): ReadonlyMap<string, Keyring> {
    return new Map(this.#rings);
  }

  /** The text of a zone's file, where it holds a key. */
  async textOf(zone: string): Promise<string | undefined> {
    if (!namePattern.test(zone)) return undefined;
    const path = `${this.#parts.folder}/${zone}.gossip.key`;
    const text = (await this.#parts.read(path))?.trim();
    if (text === undefined) return undefined;
    try {
      readZoneKey(text);
      return text;
    } catch (error) {
      this.#parts.onBad(path, (error as Error).message);
      return undefined;
    }
  }

  /** Reads the keys of these zones anew. A key that was changed is spoken from now on; the one before still opens. */
  async read(zones: readonly string[]): Promise<void> {
    for (const zone of zones) {
      const text = await this.textOf(zone);
      const known = this.#rings.get(zone);
      if (text === undefined) continue;
      const key = readZoneKey(text);
      this.#rings.set(
        zone,
        known === undefined ? keyringOf(key) : useKey(installKey(keyringOf(known.active), key), key.id),
      );
    }
  }
}
