import { randomBytes } from 'node:crypto';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSpace, type Space } from './free-space.ts';

const mib = 1024 * 1024;
/** What an agent writes to start, and then for some hours. */
export const reserveBytes = 4 * mib;
/** Set aside only where so many times as much is free. */
const plenty = 16;
/** Where it could not be set aside, a quota may be why, which nobody is told of before. */
const pauseMs = 3_600_000;

/**
 * A file in the data directory that does nothing but take room, and is given up when an agent has to start on a full disk: the one that is to tell of
 * it must not be kept from that by it.
 */
export class Reserve {
  readonly #file: string;
  readonly #root: string;
  readonly #read: (path: string) => Promise<Space>;
  readonly #clock: () => number;
  #notBefore = Number.NEGATIVE_INFINITY;
  #keeping: Promise<void> | null = null;

  /** `clock` gives monotonic ms. */
  constructor(root: string, read = readSpace, clock = (): number => performance.now()) {
    this.#root = root;
    this.#file = join(root, 'reserve');
    this.#read = read;
    this.#clock = clock;
  }

  /** Gives the room up. True when there was some; never throws. */
  async release(): Promise<boolean> {
    if ((await this.#size()) === 0) return false;
    return await rm(this.#file).then(
      () => true,
      () => false,
    );
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
    if (this.#clock() < this.#notBefore || (await this.#size()) >= reserveBytes) return;
    const { availableBytes } = await this.#read(this.#root);
    if (availableBytes < plenty * reserveBytes) return;
    try {
      // Some file systems keep nothing of zeros.
      await writeFile(this.#file, randomBytes(reserveBytes), { mode: 0o600 });
    } catch (error) {
      this.#notBefore = this.#clock() + pauseMs;
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
