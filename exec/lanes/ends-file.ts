import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync } from 'node:fs';

/** It is emptied once in so many orders. */
const ordersKept = 256;
/** Text that is no end of an order: nobody but somebody who forced the file open writes that much. */
const maxNoise = 65_536;
const room = Buffer.allocUnsafe(16_384);

/**
 * Where a lane's shell tells the ends of orders that nobody has to wake up for: its standard error, a file without a name. Orders do not have it
 * open, and without their random word they can tell no end. Throws what opening a file throws.
 */
export class EndsFile {
  readonly descriptor: number;
  #at = 0;
  #unread = '';
  #rests = 0;
  #isClosed = false;

  /** `path` is free again at once. */
  constructor(path: string) {
    this.descriptor = openSync(path, 'ax+', 0o600);
    unlinkSync(path);
  }

  /** The exit codes of runs, as far as they have ended, in the order in which they end. */
  take(tokens: readonly string[]): number[] {
    this.#read();
    const codes: number[] = [];
    for (const token of tokens) {
      const at = this.#unread.indexOf(`${token} `);
      const end = at === -1 ? -1 : this.#unread.indexOf('\n', at);
      if (end === -1) break;
      codes.push(Number(this.#unread.slice(at + token.length + 1, end)));
      this.#unread = this.#unread.slice(end + 1);
    }
    return codes;
  }

  /** What somebody else wrote, or the shell itself when it could not start. */
  complaint(): string {
    this.#read();
    return this.#unread.trim();
  }

  /** Forgets what was told, now that no order is under way. */
  rest(): void {
    this.#unread = '';
    this.#rests += 1;
    if (this.#isClosed || this.#rests % ordersKept > 0) return;
    ftruncateSync(this.descriptor, 0);
    this.#at = 0;
  }

  /** True when more was written into it than ends of orders. */
  isNoisy(): boolean {
    if (this.#isClosed) return false;
    return this.#unread.length > maxNoise || fstatSync(this.descriptor).size - this.#at > maxNoise;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.descriptor);
  }

  #read(): void {
    while (!this.#isClosed && this.#unread.length <= maxNoise) {
      const length = readSync(this.descriptor, room, 0, room.length, this.#at);
      this.#at += length;
      this.#unread += room.toString('latin1', 0, length);
      if (length < room.length) return;
    }
  }
}
