import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, isIP, isIPv4, isIPv6, type Server, type Socket } from 'node:net';
import { datagramBytes, exchangeBytes } from '../codec.ts';
import { sealBytes } from '../seal.ts';
import type { Knock, Receiver, Transport } from '../transport.ts';
import { type Endpoint, endpointText, isLoopback, parseEndpoint } from './endpoint.ts';
import { FrameReader, frame } from './frames.ts';

/** Where a transport listens, and what it may cost. */
export interface SocketTransportOptions {
  address: string;
  /** 0 takes one that is free for both UDP and TCP. */
  port: number;
  /** From the connection to the last byte of the answer. */
  exchangeTimeoutMs: number;
  /** Nothing goes to other hosts, whatever members say of themselves. */
  loopbackOnly: boolean;
  /** Exchanges that others may have open here at a time, and this node with others. */
  maxExchanges: number;
  /** Of messages that others have begun and not ended, 32 MiB when not said; small ones come through beside it. */
  maxHeldBytes?: number;
}

/** What a transport counted since its start. */
export interface SocketFigures {
  sentPackets: number;
  sentBytes: number;
  receivedPackets: number;
  receivedBytes: number;
  /** Packets that were not sent: the kernel takes no more, or the address is none. */
  dropped: number;
  /** Exchanges that were refused because too many were open. */
  refusedExchanges: number;
}

/** Bytes that may wait in UDP's queue; a probe that is late is worth nothing. */
const queueBytes = 1024 * 1024;
const bindTries = 20;
const maxMessage = exchangeBytes + sealBytes;

/** A message of this size finds room whatever others hold. */
const smallBytes = 64 * 1024;
const standingHeldBytes = 32 * 1024 * 1024;

/** Messages of one side in an exchange: who is refused for its boot asks once more. */
const messagesOfOne = 2;

type Done = Parameters<Transport['exchange']>[2];

/** Why an exchange came to nothing where the other end took it and said nothing. */
export const noAnswer =
  'closed the connection without an answer: is its key the same? (of another zone, only proxies answer proxies)';
const noKey = 'this node has no key, so it speaks with its own host only';

/** Datagrams by UDP and full exchanges by TCP on the same port. */
export class SocketTransport implements Transport {
  readonly figures: SocketFigures = {
    sentPackets: 0,
    sentBytes: 0,
    receivedPackets: 0,
    receivedBytes: 0,
    dropped: 0,
    refusedExchanges: 0,
  };
  readonly #options: SocketTransportOptions;
  readonly #open = new Set<Socket>();
  #receiver: Receiver | undefined;
  #udp: UdpSocket | undefined;
  #tcp: Server | undefined;
  #served = 0;
  /** By address of the other. */
  readonly #servedOf = new Map<string, number>();
  #heldBytes = 0;
  #asked = 0;
  #isClosed = false;
  #reasons = new Map<string, string>();

  constructor(options: SocketTransportOptions) {
    this.#options = options;
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#udp?.address().port ?? 0;
  }

  get served(): number {
    return this.#served;
  }

  /** What came of messages that are not whole yet. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Listens. Rejects where the address or the port cannot be had. */
  async listen(): Promise<void> {
    for (let left = this.#options.port === 0 ? bindTries : 1; ; left -= 1) {
      try {
        await this.#bind();
        return;
      } catch (error) {
        await this.close();
        this.#isClosed = false;
        // A free TCP port may be taken on UDP.
        if (left <= 1 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
          throw new Error(whyDeaf(error as NodeJS.ErrnoException, this.#options), { cause: error });
      }
    }
  }

  /** Who reads from now on; nobody without one. */
  use(receiver: Receiver | undefined): void {
    this.#receiver = receiver;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const ends: Promise<unknown>[] = [];
    for (const socket of this.#open) socket.destroy();
    const [tcp, udp] = [this.#tcp, this.#udp];
    this.#tcp = undefined;
    this.#udp = undefined;
    if (tcp?.listening === true) ends.push(new Promise((resolve) => tcp.close(resolve)));
    if (udp !== undefined) ends.push(new Promise<void>((resolve) => udp.close(resolve)));
    await Promise.all(ends);
  }

  send(endpoint: string, packet: Uint8Array): void {
    const udp = this.#udp;
    const to = this.#target(endpoint);
    if (udp === undefined || to === undefined || udp.getSendQueueSize() > queueBytes) {
      this.figures.dropped += 1;
      return;
    }
    this.figures.sentPackets += 1;
    this.figures.sentBytes += packet.length;
    udp.send(packet, to.port, to.host, (error) => {
      if (error !== null && error !== undefined) this.figures.dropped += 1;
    });
  }

  exchange(endpoint: string, packet: Uint8Array, done: Done): void {
    const to = this.#target(endpoint);
    const fail = (reason: string): void => {
      this.#note(endpoint, reason);
      done(undefined);
    };
    if (to === undefined || this.#isClosed || packet.length > maxMessage)
      fail(this.#options.loopbackOnly ? noKey : 'is no address of a host');
    else if (this.#asked >= this.#options.maxExchanges) {
      this.figures.refusedExchanges += 1;
      fail('too many exchanges are open');
    } else this.#ask(connect({ host: to.host, port: to.port }), endpoint, packet, fail, done);
  }

  #ask(
    socket: Socket,
    endpoint: string,
    packet: Uint8Array,
    fail: (reason: string) => void,
    done: Done,
  ): void {
    this.#asked += 1;
    let isOver = false;
    let next: Uint8Array | undefined;
    this.#talk(socket, {
      onOpen: () => socket.write(frame(packet)),
      onMessage: (answer) => {
        this.figures.receivedBytes += answer.length;
        next = done(answer);
        if (next !== undefined) socket.write(frame(next));
        else {
          isOver = true;
          this.#reasons.delete(endpoint);
          socket.destroy();
        }
      },
      onEnd: (reason) => {
        this.#asked -= 1;
        // One of an older version ends each connection with its answer.
        if (next !== undefined && reason === noAnswer) this.exchange(endpoint, next, done);
        else if (!isOver) fail(reason);
      },
    });
  }

  knock(endpoint: string, timeoutMs: number, done: (found: Knock) => void): void {
    const to = this.#target(endpoint);
    if (to === undefined || this.#isClosed) {
      done('silent');
      return;
    }
    const socket = connect({ host: to.host, port: to.port });
    const end = (found: Knock): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.destroy();
      this.#open.delete(socket);
      done(found);
    };
    const timer = setTimeout(() => end('silent'), timeoutMs);
    this.#open.add(socket);
    socket.once('connect', () => end('open'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      end(code === 'ECONNREFUSED' ? 'refused' : 'silent'),
    );
  }

  /** Why the last exchange with an endpoint came to nothing. */
  reason(endpoint: string): string {
    return this.#reasons.get(endpoint) ?? 'does not answer';
  }

  /** Where members are reached; what they say of themselves is an address, never a name to ask for. */
  #target(endpoint: string): Endpoint | undefined {
    const to = parseEndpoint(endpoint);
    if (to === undefined || isIP(to.host) === 0) return undefined;
    return this.#options.loopbackOnly && !isLoopback(to.host) ? undefined : to;
  }

  async #bind(): Promise<void> {
    const { address, port } = this.#options;
    const tcp = createServer({ allowHalfOpen: false }, (socket) => this.#serve(socket));
    this.#tcp = tcp;
    tcp.listen({ host: address, port, exclusive: true });
    await once(tcp, 'listening');
    tcp.on('error', () => undefined);
    const taken = (tcp.address() as { port: number }).port;
    const udp = createSocket({
      type: isIPv6(address) ? 'udp6' : 'udp4',
      reuseAddr: false,
      // Only addresses come here: they need no turn of the loop to be looked up. (Node's pattern for IPv6 takes a millisecond to compile.)
      lookup: (host, _options, done) => done(null, host, isIPv4(host) ? 4 : 6),
    });
    const listening = once(udp, 'listening');
    udp.bind({ address, port: taken, exclusive: true });
    await listening;
    this.#udp = udp;
    udp.on('error', () => undefined);
    udp.setBroadcast(true);
    udp.on('message', (packet, from) => this.#receive(packet, from));
  }

  #receive(packet: Buffer, from: RemoteInfo): void {
    this.deliver(endpointText({ host: from.address, port: from.port }), packet);
  }

  /** Takes a datagram that another socket heard. */
  deliver(from: string, packet: Uint8Array): void {
    this.figures.receivedPackets += 1;
    this.figures.receivedBytes += packet.length;
    if (packet.length <= datagramBytes) this.#receiver?.receive(from, packet);
  }

  #serve(socket: Socket): void {
    const { maxExchanges, maxHeldBytes = standingHeldBytes } = this.#options;
    const address = socket.remoteAddress ?? '';
    const others = this.#servedOf.get(address) ?? 0;
    // One address takes half of all at most: it may be anybody's, and nobody has shown a key yet.
    if (this.#served >= maxExchanges || others >= Math.ceil(maxExchanges / 2)) {
      this.figures.refusedExchanges += 1;
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    this.#served += 1;
    this.#servedOf.set(address, others + 1);
    let held = 0;
    let answered = 0;
    const reply = (answer: Uint8Array | undefined): void => {
      answered += 1;
      if (answer === undefined) socket.destroy();
      else if (answered < messagesOfOne) socket.write(frame(answer));
      else socket.end(frame(answer));
    };
    this.#talk(socket, {
      onMore: (bytes) => {
        this.#heldBytes += bytes - held;
        held = bytes;
        if (bytes <= smallBytes || this.#heldBytes <= maxHeldBytes) return true;
        this.figures.refusedExchanges += 1;
        return false;
      },
      onMessage: (packet) => {
        this.#heldBytes -= held;
        held = 0;
        this.figures.receivedBytes += packet.length;
        if (this.#receiver === undefined) reply(undefined);
        else this.#receiver.answer(packet, reply);
      },
      onEnd: () => {
        this.#served -= 1;
        this.#heldBytes -= held;
        const left = (this.#servedOf.get(address) ?? 1) - 1;
        if (left > 0) this.#servedOf.set(address, left);
        else this.#servedOf.delete(address);
      },
    });
  }

  /** A message or two come, within the deadline; then the connection ends, whoever ends it. */
  #talk(
    socket: Socket,
    part: {
      onOpen?(): void;
      /** So much has come of a message that is not whole; false ends the connection. */
      onMore?(bytes: number): boolean;
      onMessage(message: Uint8Array): void;
      onEnd(reason: string): void;
    },
  ): void {
    let reader = new FrameReader(maxMessage);
    let left = messagesOfOne;
    let reason = noAnswer;
    this.#open.add(socket);
    const timer = setTimeout(() => {
      const ms = this.#options.exchangeTimeoutMs;
      reason = `did not answer within ${ms < 1000 ? `${ms} ms` : `${ms / 1000} s`}`;
      socket.destroy();
    }, this.#options.exchangeTimeoutMs);
    socket.on('connect', () => part.onOpen?.());
    socket.on('data', (chunk) => {
      const found = reader.read(chunk);
      if (found === 'more' && part.onMore?.(reader.bytes) !== false) return;
      if (found === 'more' || found === 'bad' || left === 0) socket.destroy();
      else {
        left -= 1;
        reader = new FrameReader(maxMessage);
        part.onMessage(found);
      }
    });
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      reason = code === 'ECONNREFUSED' ? 'nobody listens there' : message;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      this.#open.delete(socket);
      part.onEnd(reason);
    });
  }

  #note(endpoint: string, reason: string): void {
    this.#reasons.delete(endpoint);
    this.#reasons.set(endpoint, reason);
    const [oldest] = this.#reasons.keys();
    if (this.#reasons.size > 256 && oldest !== undefined) this.#reasons.delete(oldest);
  }
}

/** Why nobody can listen there, and what to do. */
function whyDeaf(
  { code, message }: NodeJS.ErrnoException,
  { address, port }: Pick<SocketTransportOptions, 'address' | 'port'>,
): string {
  const where = endpointText({ host: address, port });
  if (code === 'EADDRINUSE') return `${where} is in use, by TCP or UDP; give 'gossip' another 'port'`;
  if (code === 'EADDRNOTAVAIL')
    return `${where}: this host has no such address; 'address' of 'gossip' is where it listens`;
  if (code === 'EACCES') return `${where}: only root may take a port below 1024`;
  return `cannot listen on ${where}: ${code ?? message}`;
}
