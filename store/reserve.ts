import { randomBytes } from 'node:crypto';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSpace, type Space } from './free-space.ts';

const mib = 1024 * 1024;
/** What an agent writes to start, and then for some hours. */
export const reserveBytes = 4 * mib;
/** Set aside only where so many times as much is free. */
const plenty = 16;
/** A disk that does not take this is full. */
const probeBytes = mib;
const fullCodes = new Set(['ENOSPC', 'EDQUOT']);

/**
 * A file in the data directory that does nothing but take room, and is given up when an agent has to start on a full disk: the one that is to tell of
 * it must not be kept from that by it.
 */
export class Reserve {
  readonly #file: string;
  readonly #probe: string;
  readonly #root: string;
  readonly #read: (path: string) => Promise<Space>;
  #keeping: Promise<void> | null = null;

  constructor(root: string, read = readSpace) {
    this.#root = root;
    this.#file = join(root, 'reserve');
    this.#probe = join(root, 'reserve.probe');
    this.#read = read;
  }

  /** Gives the room up where the disk, or a quota, is full. True when it did; never throws. */
  async release(): Promise<boolean> {
    if ((await this.#size()) === 0) return false;
    try {
      await writeFile(this.#probe, Buffer.alloc(probeBytes), { mode: 0o600 });
      return false;
    } catch (error) {
      if (!fullCodes.has((error as NodeJS.ErrnoException).code ?? '')) return false;
      return await rm(this.#file).then(
        () => true,
        () => false,
      );
    } finally {
      await rm(this.#probe, { force: true }).catch(() => undefined);
    }
  }

  /** Sets the room aside where there is plenty, unless it is. Never throws, and is done once at a time. */
  keep(): Promise<void> {
    this.#keeping ??= this.#keep()
      .catch(() => undefined)
      .finally(() => {
        this.#keeping = null;
      });
    return this.#keeping;
  }

  /** Resolves once nothing is being written. */
  async settled(): Promise<void> {
    await this.#keeping;
  }

  async #keep(): Promise<void> {
    if ((await this.#size()) >= reserveBytes) return;
    const { availableBytes } = await this.#read(this.#root);
    if (availableBytes < plenty * reserveBytes) return;
    try {
      // Some file systems keep nothing of zeros.
      await writeFile(this.#file, randomBytes(reserveBytes), { mode: 0o600 });
    } catch (error) {
      await rm(this.#file, { force: true });
      throw error;
    }
  }

  #size(): Promise<number> {
    return stat(this.#file).then(
      ({ size }) => size,
      () => 0,
    );
  }
}
