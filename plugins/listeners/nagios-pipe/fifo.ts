import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  type Stats,
} from 'node:fs';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Context } from 'opsbro/sdk';

/** How a FIFO is to be. */
export interface FifoOptions {
  path: string;
  /** '' for that of the agent. */
  group: string;
  /** Permission bits. */
  mode: number;
}

const mkfifo = '/usr/bin/mkfifo';
const getent = '/usr/bin/getent';

/**
 * The reading end of a FIFO. It is open for writing too, so that it never sees an end: writers come and go. Reading waits in the kernel's event
 * queue, and holds no thread.
 */
export class Fifo {
  readonly #exec: Context['exec'];
  readonly #options: FifoOptions;
  readonly #take: (part: Buffer) => void;
  #reader: { socket: Socket; inode: string } | undefined;

  /** `take` gets what writers write, in parts as they come. */
  constructor(exec: Context['exec'], options: FifoOptions, take: (part: Buffer) => void) {
    this.#exec = exec;
    this.#options = options;
    this.#take = take;
  }

  /** Whether it is read. */
  get isOpen(): boolean {
    return this.#reader !== undefined;
  }

  /** Makes the FIFO where it is absent, and reads the one that is there, also where that is another than before. Rejects with what to do. */
  async open(): Promise<void> {
    const { path } = this.#options;
    const inode = this.#inode();
    if (inode !== undefined && inode === this.#reader?.inode) return;
    this.close();
    if (inode === undefined) await this.#make();
    const gid = await this.#gid();
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      this.#permit(fd, gid);
      this.#reader = { socket: this.#read(fd), inode: inodeOf(path) ?? '' };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Lets go of it. The FIFO stays, so that writers wait for the next reader. Also twice. */
  close(): void {
    this.#reader?.socket.destroy();
    this.#reader = undefined;
  }

  #inode(): string | undefined {
    try {
      return inodeOf(this.#options.path);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #read(fd: number): Socket {
    const socket = new Socket({ fd, readable: true, writable: false });
    socket.on('data', this.#take);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#reader?.socket === socket) this.#reader = undefined;
    });
    return socket;
  }

  async #make(): Promise<void> {
    const { path, mode } = this.#options;
    try {
      mkdirSync(dirname(path), { recursive: true });
    } catch (error) {
      throw new Error(
        `cannot make the directory of ${path}: ${(error as Error).message}; give another 'path'`,
      );
    }
    const { code, stderr } = await this.#exec(mkfifo, ['-m', mode.toString(8), path]);
    // Another may have been faster.
    if (code !== 0 && inodeOf(path) === undefined)
      throw new Error(`cannot make ${path}: ${stderr.trim().split('\n').at(-1)}`);
  }

  /** Of those FIFOs that are the agent's own; another's are as their owner wants them. */
  #permit(fd: number, gid: number | undefined): void {
    const { path, group, mode } = this.#options;
    const stat = fstatSync(fd);
    const uid = process.getuid?.();
    if (uid !== 0 && stat.uid !== uid) return;
    if ((stat.mode & 0o777) !== mode) fchmodSync(fd, mode);
    if (gid === undefined || gid === stat.gid) return;
    try {
      fchownSync(fd, stat.uid, gid);
    } catch (error) {
      throw new Error(`cannot give ${path} to the group ${group}: ${(error as Error).message}`);
    }
  }

  async #gid(): Promise<number | undefined> {
    const { group } = this.#options;
    if (group === '') return undefined;
    if (/^\d+$/.test(group)) return Number(group);
    const { stdout } = await this.#exec(getent, ['group', group]);
    const gid = stdout.split(':')[2];
    if (gid === undefined || !/^\d+$/.test(gid))
      throw new Error(`'group': this host has no group '${group}'`);
    return Number(gid);
  }
}

/** Names a FIFO, while it is open no other; undefined where nothing is. Throws for what is no FIFO. */
function inodeOf(path: string): string | undefined {
  let stat: Stats;
  try {
    stat = lstatSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  if (!stat.isFIFO()) throw new Error(`${path} is no FIFO; remove it, or give 'path' another`);
  return `${stat.dev}:${stat.ino}`;
}
