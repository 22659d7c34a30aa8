import { statfs } from 'node:fs/promises';
import type { Clock } from 'opsbro/sdk';

/** What a file system has, for whoever is not root. */
export interface Space {
  availableBytes: number;
  totalBytes: number;
}

const mib = 1024 * 1024;
const lookMs = 30_000;
/** Over again only with so much more than the limit. */
const slack = 1.5;

/** Below this there is too little: 5 %, 1 GiB at most, and 32 MiB at least, or a quarter of what is smaller than that. */
export function leastBytes(totalBytes: number): number {
  return Math.min(1024 * mib, Math.max(0.05 * totalBytes, Math.min(32 * mib, totalBytes / 4)));
}

/** Tells before the disk of a directory is full. Never blocks: a file system that hangs is asked once. */
export class FreeSpace {
  readonly #path: string;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #read: (path: string) => Promise<Space>;
  #lookAtMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #low: Space | null = null;

  constructor(path: string, clock: Pick<Clock, 'monotonic'>, read = readSpace) {
    this.#path = path;
    this.#clock = clock;
    this.#read = read;
  }

  /** What there is, while it is too little; null while there is enough or nobody knows. Looks anew every 30 s, for the next call. */
  low(): Space | null {
    const now = this.#clock.monotonic();
    if (now >= this.#lookAtMs && !this.#isAsking) {
      this.#lookAtMs = now + lookMs;
      this.#isAsking = true;
      void this.#look().finally(() => {
        this.#isAsking = false;
      });
    }
    return this.#low;
  }

  async #look(): Promise<void> {
    const space = await this.#read(this.#path).catch(() => null);
    if (space === null || space.totalBytes === 0) return;
    const limit = leastBytes(space.totalBytes) * (this.#low === null ? 1 : slack);
    this.#low = space.availableBytes < limit ? space : null;
  }
}

/** Asks the kernel. Throws what `statfs` throws. */
export async function readSpace(path: string): Promise<Space> {
  const { bavail, blocks, bsize } = await statfs(path);
  return { availableBytes: bavail * bsize, totalBytes: blocks * bsize };
}
