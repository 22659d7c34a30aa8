import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import { canonical } from './address.ts';
import { batch, DatagramBlock } from './datagram-block.ts';
import { maxQueryBytes } from './query.ts';
import { maxUdpBytes } from './responder.ts';
import type { UdpAnswerer } from './udp-door.ts';

/** The functions of libc that are called; each returns -1 where it fails. */
interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, size: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, size: number): number;
  close(fd: number): number;
  recvmmsg(fd: number, headers: bigint, count: number, flags: number, timeout: null): number;
  sendmmsg(fd: number, headers: bigint, count: number, flags: number): number;
}

/** What is used of koffi, which calls C: it comes with the package where there is one for the processor, and is done without elsewhere. */
interface Koffi {
  load(library: null): { func(declaration: string): (...args: never[]) => number };
  address(memory: Uint8Array): bigint;
  errno(): number;
}

const declarations = {
  socket: 'int socket(int family, int type, int protocol)',
  bind: 'int bind(int fd, const void *address, uint size)',
  setsockopt: 'int setsockopt(int fd, int level, int name, const void *value, uint size)',
  close: 'int close(int fd)',
  recvmmsg: 'int recvmmsg(int fd, void *headers, uint count, int flags, void *timeout)',
  sendmmsg: 'int sendmmsg(int fd, void *headers, uint count, int flags)',
};

/** Numbers of Linux on the processors below. */
const linux = { inet: 2, inet6: 10, datagrams: 2, nonblock: 0o4000, cloexec: 0o2000000, dontWait: 0x40 };
const reuse = { level: 1, name: 2 };
const processors: readonly string[] = ['x64', 'arm64'];

/** Batches that are taken before others of the thread get their turn. */
const rounds = 4;
/** One byte more than a query may have, so that a longer one is seen to be one; whole words. */
const roomBytes = maxQueryBytes + 8;

let loaded: { libc: Libc; koffi: Koffi } | null | undefined;

/**
 * A bound UDP socket that takes and answers up to 64 datagrams with two system calls, where Node needs two for each and an object of several
 * kinds beside. It waits for nothing: whoever has its `fd` is told when there is something, and calls `drain`.
 */
export class BatchSocket {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #block: DatagramBlock;

  private constructor(fd: number, libc: Libc, block: DatagramBlock) {
    this.fd = fd;
    this.#libc = libc;
    this.#block = block;
  }

  /** Undefined where this system has no such calls, or the address a scope. Throws with the system's code where the address cannot be had. */
  static open(address: string, port: number): BatchSocket | undefined {
    const system = load();
    const name = sockaddr(address, port);
    if (system === null || name === undefined) return undefined;
    const { libc, koffi } = system;
    const type = linux.datagrams | linux.nonblock | linux.cloexec;
    const fd = libc.socket(name.readUInt16LE(0), type, 0);
    if (fd < 0) throw failure(koffi);
    if (libc.bind(fd, name, name.length) < 0) {
      const error = failure(koffi);
      libc.close(fd);
      throw error;
    }
    const block = new DatagramBlock(roomBytes, maxUdpBytes, (memory) => koffi.address(memory));
    return new BatchSocket(fd, libc, block);
  }

  /** Keeps others from listening on the same port: whoever wrapped `fd` may have allowed it. */
  keepAlone(): void {
    this.#libc.setsockopt(this.fd, reuse.level, reuse.name, Buffer.alloc(4), 4);
  }

  /** Answers what waits, a few batches at most. What the system does not take is lost, as datagrams are. */
  drain(answer: UdpAnswerer): void {
    const block = this.#block;
    for (let round = 0; round < rounds; round += 1) {
      const came = this.#libc.recvmmsg(this.fd, block.received, batch, linux.dontWait, null);
      if (came <= 0) return;
      let used = 0;
      for (let index = 0; index < came; index += 1) {
        if (block.port(index) === 0) continue;
        const query = block.queries[index]!;
        const size = answer(query, block.length(index), block.client(index), block.answers[used]!);
        if (size === 0) continue;
        block.reply(used, index, size);
        used += 1;
      }
      block.again(came);
      this.#send(used);
      if (came < batch) return;
    }
  }

  /** Call it only while nobody else has the `fd`. */
  close(): void {
    this.#libc.close(this.fd);
  }

  /** The system stops at the first that it does not take. */
  #send(count: number): void {
    for (let from = 0; from < count; ) {
      const gone = this.#libc.sendmmsg(this.fd, this.#block.sent(from), count - from, linux.dontWait);
      from += gone > 0 ? gone : 1;
    }
  }
}

function load(): { libc: Libc; koffi: Koffi } | null {
  if (loaded !== undefined) return loaded;
  loaded = null;
  if (process.platform !== 'linux' || !processors.includes(process.arch)) return loaded;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const library = koffi.load(null);
    const functions = Object.entries(declarations).map(([name, declared]) => [name, library.func(declared)]);
    loaded = { libc: Object.fromEntries(functions) as Libc, koffi };
  } catch {
    // It is an optional dependency.
  }
  return loaded;
}

function failure(koffi: Koffi): NodeJS.ErrnoException {
  const code = getSystemErrorName(-koffi.errno());
  return Object.assign(new Error(code), { code });
}

/** `struct sockaddr_in` or `sockaddr_in6`; undefined for an address with a scope. */
function sockaddr(address: string, port: number): Buffer | undefined {
  const text = canonical(address);
  if (text === undefined) return undefined;
  const isIpv6 = text.includes(':');
  const bytes = Buffer.alloc(isIpv6 ? 28 : 16);
  bytes.writeUInt16LE(isIpv6 ? linux.inet6 : linux.inet, 0);
  bytes.writeUInt16BE(port, 2);
  if (isIpv6) bytes.write(text.replaceAll(':', ''), 8, 'hex');
  else bytes.set(text.split('.').map(Number), 4);
  return bytes;
}
