import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const pepperBytes = 32;
/** Names of which the last key is known with its hash. */
const mostKnown = 20_000;

/** Makes of a name and its key what may be kept: HMAC-SHA-256 with a secret that only this host has. */
export class Keys {
  readonly #pepper: Buffer;
  /** Each report of a server brings the same key. */
  readonly #known = new Map<string, { key: Buffer; hash: string }>();

  constructor(pepper: Buffer) {
    this.#pepper = pepper;
  }

  /** Hexadecimal, 64 characters. */
  hash(name: string, key: string): string {
    const bytes = Buffer.from(key);
    const known = this.#known.get(name);
    if (known?.key.length === bytes.length && timingSafeEqual(known.key, bytes)) return known.hash;
    const hash = createHmac('sha256', this.#pepper)
      .update(`${Buffer.byteLength(name)}:${name}${key}`)
      .digest('hex');
    if (this.#known.size >= mostKnown && known === undefined) this.#known.clear();
    this.#known.set(name, { key: bytes, hash });
    return hash;
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
