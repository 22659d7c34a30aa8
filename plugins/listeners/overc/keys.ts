import { createHmac, hash as digestOf, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Report, Verdict } from './model.ts';

const pepperBytes = 32;
/** Names of which the right key is known with its hash. */
const mostKnown = 20_000;

/** Who sends a report: whether it may, and the hash of its key; '' where it brings none. */
export interface Judged {
  outcome: Verdict;
  hash: string;
}

/** Makes of a name and its key what may be kept: HMAC-SHA-256 with a secret that only this host has. */
export class Keys {
  readonly #pepper: Buffer;
  /** Each report of a server brings the same key. Only of keys that were right, as a digest: others cost no memory, and none can be read from it. */
  readonly #known = new Map<string, { digest: string; hash: string }>();

  constructor(pepper: Buffer) {
    this.#pepper = pepper;
  }

  /** Hexadecimal, 64 characters. */
  hash(name: string, key: string): string {
    return createHmac('sha256', this.#pepper)
      .update(`${Buffer.byteLength(name)}:${name}${key}`)
      .digest('hex');
  }

  /** Judges who sends a report by the hash that is kept of its server: undefined where it is not known, '' where it has no key. */
  judge({ server, key, mayRegister }: Report, kept: string | undefined): Judged {
    const remembered = key === null ? undefined : this.#known.get(server);
    // Of a key that was right before a digest says as much as the hash, for a fraction of its time.
    if (
      kept !== undefined &&
      remembered?.hash === kept &&
      this.isSame(remembered.digest, digestOf('sha256', key as string))
    )
      return { outcome: 'ok', hash: kept };
    const hash = key === null ? '' : this.#hashOnce(server, key, kept ?? '');
    if (hash !== '' && kept !== undefined && kept !== '' && !this.isSame(kept, hash))
      return { outcome: 'wrong-key', hash };
    // A server without a key is anybody's, so its first key is its registration.
    const isNew = kept === undefined || (kept === '' && hash !== '');
    return { outcome: isNew && !mayRegister ? 'unknown-server' : 'ok', hash };
  }

  /** The hash of a key, which is remembered where it is the one that is kept. */
  #hashOnce(name: string, key: string, kept: string): string {
    const hash = this.hash(name, key);
    if (!this.isSame(kept, hash)) return hash;
    if (this.#known.size >= mostKnown && !this.#known.has(name)) this.#known.clear();
    this.#known.set(name, { digest: digestOf('sha256', key), hash: kept });
    return hash;
  }

  /** Keys that are remembered. */
  get remembered(): number {
    return this.#known.size;
  }

  /** In constant time. */
  isSame(one: string, other: string): boolean {
    return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
  }
}

/** Reads the secret of this host from a file, which is made where it is absent. Rejects where others may read it. */
export async function openKeys(path: string): Promise<Keys> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const made = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (made !== undefined) {
    await made.writeFile(randomBytes(pepperBytes).toString('hex'));
    await made.sync();
    await made.close();
    await chmod(path, 0o600);
  }
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0)
    throw new Error(`${path}: others may read it; make it 0600, and reset the keys it was made for`);
  const pepper = Buffer.from((await readFile(path, 'utf8')).trim(), 'hex');
  if (pepper.length < pepperBytes)
    throw new Error(
      `${path}: is no secret of ${pepperBytes} bytes; restore it, or remove it and reset all keys`,
    );
  return new Keys(pepper);
}
