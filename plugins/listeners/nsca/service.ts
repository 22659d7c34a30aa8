import { randomBytes } from 'node:crypto';
import { type JsonObject, PassiveInbox, type ServiceContext } from 'opsbro/sdk';
import { cipherOf, ivBytes } from './cipher.ts';
import { Door, type Visitor } from './door.ts';
import { type Options, type Settings, settingsOf } from './options.ts';
import type { Packet } from './packet.ts';
import { Session } from './session.ts';

const version = 3;
/** Senders whose packets cannot be read are told of so often. */
const tellEachMs = 60_000;

/** The server of the NSCA protocol while it runs. */
export class Nsca {
  readonly #ctx: ServiceContext<Options>;
  readonly #settings: Settings;
  readonly #inbox: PassiveInbox;
  readonly #door: Door;
  /** Packets whose CRC does not fit, of another version, and of another time. */
  readonly #bad = { unreadable: 0, version: 0, old: 0 };
  #toldMs = Number.NEGATIVE_INFINITY;
  /** The port it listens on. */
  port = 0;

  constructor(ctx: ServiceContext<Options>) {
    this.#ctx = ctx;
    this.#settings = settingsOf(ctx.options);
    this.#inbox = new PassiveInbox(ctx, 'nsca');
    const { max_connections: maxConnections, timeoutMs } = this.#settings;
    this.#door = new Door({ maxConnections, timeoutMs }, (address) => this.#visit(address));
  }

  /** Learns what was known, then opens the port. */
  async open(): Promise<void> {
    const { signal, log } = this.#ctx;
    const { address, port, decryption_method: method } = this.#settings;
    signal.throwIfAborted();
    await this.#inbox.open();
    this.port = await this.#door.listen(address, port);
    log.info(
      `takes results of send_nsca on ${address.includes(':') ? `[${address}]` : address}:${this.port}`,
    );
    if (method <= 1 && !/^(127\.|::1$)/.test(address))
      log.warn(
        `anybody who reaches ${address} can send results: 'decryption_method: ${method}' proves nothing of a sender`,
      );
  }

  /** No more comes in, then what came is told. */
  async close(): Promise<void> {
    await this.#door.close();
    await this.#inbox.close();
  }

  /** Figures for people. */
  figures(): JsonObject {
    return {
      port: this.port,
      ...this.#inbox.figures(),
      connections: { open: this.#door.open, ...this.#door.counts },
      packets: { ...this.#bad },
    };
  }

  #visit(address: string): Visitor {
    const { decryption_method: method, password } = this.#settings;
    const iv = randomBytes(ivBytes);
    const greeting = Buffer.alloc(ivBytes + 4);
    iv.copy(greeting);
    greeting.writeUInt32BE(this.#nowSeconds(), ivBytes);
    const session = new Session(cipherOf(method, password, iv));
    return {
      greeting,
      push: (part) => {
        const { packets, isReadable } = session.push(part);
        for (const packet of packets) this.#take(packet);
        if (!isReadable) this.#unreadable(address);
        return { isReadable, whole: packets.length > 0 };
      },
    };
  }

  #take({ version: sent, time, host, service, code, output }: Packet): void {
    const { maxAgeSeconds } = this.#settings;
    if (sent !== version) this.#bad.version += 1;
    else if (maxAgeSeconds !== null && Math.abs(this.#nowSeconds() - time) > maxAgeSeconds)
      this.#bad.old += 1;
    else this.#inbox.take({ host, service: service === '' ? null : service, code, output });
  }

  #unreadable(address: string): void {
    this.#bad.unreadable += 1;
    const { clock, log } = this.#ctx;
    if (clock.monotonic() - this.#toldMs < tellEachMs) return;
    this.#toldMs = clock.monotonic();
    log.warn(
      `what ${address} sends cannot be read: another password or encryption_method than here, or no send_nsca; ${this.#bad.unreadable} so far`,
    );
  }

  #nowSeconds(): number {
    return Math.floor(this.#ctx.clock.now() / 1000);
  }
}
