import type { Clock, JsonObject } from 'opsbro/sdk';
import type { Series, SeriesFiles } from './series-files.ts';

/** What a limit is kept of, and by. */
export interface DiskLimitParts {
  bytes: number;
  files: SeriesFiles;
  series: readonly Series[];
  clock: Clock;
  /** The file of a series went. */
  gone(series: Series): void;
  tell(topic: string, message: string, data: JsonObject): void;
}

/** Files that were written within this time go only where no other is left. */
const recentSeconds = 600;
/** Files that go in one turn of the loop. */
const filesATurn = 50;

/**
 * Keeps all files below a limit of bytes. Those that were not written for longest go first. Where all are being written the youngest go: names
 * that somebody floods the store with are younger than those that it has always kept.
 */
export class DiskLimit {
  readonly #parts: DiskLimitParts;
  #removing: Promise<void> | null = null;

  constructor(parts: DiskLimitParts) {
    this.#parts = parts;
  }

  /** A new file has no room. */
  get isReached(): boolean {
    return this.#parts.files.allocatedBytes >= this.#parts.bytes;
  }

  get #isExceeded(): boolean {
    return this.#parts.files.allocatedBytes > this.#parts.bytes;
  }

  /** Begins to make some room where there is none: for a new file of files that nobody needs, and of others only where it is too late. */
  keep(): void {
    if (!this.isReached) return;
    this.#removing ??= this.#makeRoom()
      .catch((error: NodeJS.ErrnoException) => this.#tellLeft(0, error))
      .finally(() => {
        this.#removing = null;
      });
  }

  /** Resolves when nothing is being removed. */
  async idle(): Promise<void> {
    await this.#removing;
  }

  async #makeRoom(): Promise<void> {
    const { series, clock, bytes, tell } = this.#parts;
    // Whoever found it is about to write a file.
    await new Promise((resolve) => setImmediate(resolve));
    const before = Math.floor(clock.now() / 1000) - recentSeconds;
    const files = series.filter(({ allocatedBytes }) => allocatedBytes > 0);
    const old = files.filter(({ writtenAt }) => writtenAt < before);
    const gone = await this.#remove(old.sort((one, other) => one.writtenAt - other.writtenAt));
    if (gone > 0)
      tell('files-removed', `${gone} files that were not written for longest made room`, { files: gone });
    if (!this.#isExceeded) return;
    const used = files.filter(({ writtenAt }) => writtenAt >= before).reverse();
    const lost = await this.#remove(used.sort((one, other) => other.madeAt - one.madeAt));
    if (lost === 0) return;
    const message = `${lost} files went though they are in use, the youngest: all together would take more than ${bytes} bytes of the disk; give the store a larger 'max_disk', or shorter 'retentions'`;
    tell('files-in-use-removed', message, { files: lost });
  }

  /** The first of these files, as many as it takes; resolves with how many went. */
  async #remove(from: readonly Series[]): Promise<number> {
    const { files, bytes, gone } = this.#parts;
    let [count, left] = [0, 0];
    let reason: NodeJS.ErrnoException | undefined;
    for (const series of from) {
      if (files.allocatedBytes < bytes * 0.95) break;
      try {
        files.remove(series);
        gone(series);
        count += 1;
      } catch (error) {
        reason ??= error as NodeJS.ErrnoException;
        left += 1;
        // The next could not be removed either.
        if (reason.code === 'EROFS') break;
      }
      if ((count + left) % filesATurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    if (reason !== undefined) this.#tellLeft(left, reason);
    return count;
  }

  #tellLeft(files: number, { message, code = '' }: NodeJS.ErrnoException): void {
    const what = `${files} files could not be removed to make room below 'max_disk', others may go for them: ${message}`;
    this.#parts.tell('files-left', what, { files, code });
  }
}
