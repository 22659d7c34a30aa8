import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ReadPiece } from './cursor.ts';

const pieceBytes = 256 * 1024;
const chunkBytes = 64 * 1024;

/**
 * Reads what a gzip file holds as if it were plain: on from one place to a later one at once, back only from the beginning again. Memory
 * holds one piece. A file that is no gzip, or breaks off, ends where that shows.
 */
export class GzipReader {
  readonly #read: ReadPiece;
  #source: Readable | undefined;
  #chunks: AsyncIterator<Buffer> | undefined;
  /** What was unpacked and may be asked for, and where it stands. */
  #window = Buffer.alloc(0);
  #start = 0;
  /** Why it cannot be read to its end; undefined while it can. */
  problem: string | undefined;

  constructor(read: ReadPiece) {
    this.#read = read;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (this.#chunks === undefined || offset < this.#start) this.#restart();
    while (this.#start + this.#window.length < offset + length) {
      const chunk = await this.#next();
      if (chunk === undefined) break;
      this.#window = Buffer.concat([this.#window, chunk]);
      this.#drop(offset);
    }
    this.#drop(offset);
    const at = offset - this.#start;
    return this.#window.subarray(at, at + length);
  }

  close(): void {
    this.#source?.destroy();
    this.#source = undefined;
    this.#chunks = undefined;
  }

  #restart(): void {
    this.close();
    this.#window = Buffer.alloc(0);
    this.#start = 0;
    const source = Readable.from(pieces(this.#read));
    const unpacked = createGunzip({ chunkSize: chunkBytes });
    source.on('error', (error) => unpacked.destroy(error));
    source.pipe(unpacked);
    this.#source = source;
    this.#chunks = unpacked[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async #next(): Promise<Buffer | undefined> {
    try {
      const next = await this.#chunks?.next();
      return next?.done === false ? next.value : undefined;
    } catch (thrown) {
      const { code, message } = thrown as NodeJS.ErrnoException;
      // Of reading, and of a run that ends: not of what the file holds.
      if (code === undefined || !code.startsWith('Z_')) throw thrown;
      this.problem = message;
      return undefined;
    }
  }

  #drop(before: number): void {
    const count = Math.min(this.#window.length, before - this.#start);
    if (count <= 0) return;
    this.#window = this.#window.subarray(count);
    this.#start += count;
  }
}

async function* pieces(read: ReadPiece): AsyncGenerator<Uint8Array> {
  for (let offset = 0; ; ) {
    const piece = await read(offset, pieceBytes);
    if (piece.length === 0) return;
    yield piece;
    offset += piece.length;
  }
}
