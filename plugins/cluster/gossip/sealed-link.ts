import { randomBytes } from 'node:crypto';
import { Allowance } from './boots/allowance.ts';
import { BootCookies, cookieBytes } from './boots/boot-cookies.ts';
import { type Frame, frameBytes, nonceBytes, readFrame, writeFrame } from './boots/frame.ts';
import { datagramBytes, exchangeBytes } from './codec.ts';
import type { Keyring } from './keyring.ts';
import { type Opened, Opener, type Refusal, Sealer, sealBytes, type ZoneKey } from './seal.ts';
import type { Knock, Receiver, Transport } from './transport.ts';
import { ZoneRings } from './zones/zone-rings.ts';

/** Among zones, a link knows the keys of those below too. */
export interface LinkZones {
  own: string;
  /** Keys of the zones below ours; with a zone that has none, ours is spoken. */
  below: ReadonlyMap<string, Keyring>;
  /** Of which zone who listens there is, as far as it is known. */
  zoneAt(endpoint: string): string | undefined;
}

type Done = Parameters<Transport['exchange']>[2];
type Sound = Extract<Opened, { refused?: undefined }>;

const noCookie = new Uint8Array(cookieBytes);
const challengeBytes = 1 + cookieBytes;
const streamBytes = exchangeBytes + frameBytes + sealBytes;

/**
 * A transport on which everything is sealed: what is clear, foreign, changed or replayed is dropped and counted. A boot that
 * was never heard of and has news is answered with a cookie; its probes count at once, its claims only once it brings the cookie back.
 */
export class SealedLink implements Transport {
  readonly #transport: Transport;
  readonly #sealer: Sealer;
  readonly #opener: Opener;
  readonly #cookies = new BootCookies();
  readonly #zones: LinkZones | undefined;
  #rings: ZoneRings;
  readonly #refused = new Map<Refusal, number>();

  /** `boot` are 8 random bytes in hex, new at each start of the node. */
  constructor(transport: Transport, ring: Keyring, uuid: string, boot: string, zones?: LinkZones) {
    this.#transport = transport;
    this.#zones = zones;
    this.#rings = new ZoneRings(ring, zones?.own, zones?.below);
    this.#sealer = new Sealer(ring.active, uuid, boot);
    this.#opener = new Opener(this.#rings.keys);
  }

  get served(): number {
    return this.#transport.served ?? 0;
  }

  /** Packets that were dropped since the start, by reason. */
  get refused(): { [reason in Refusal]?: number } {
    return Object.fromEntries(this.#refused);
  }

  /** Changes the keys while packets flow: those of our zone, and of the zones below where they are given. */
  useKeyring(ring: Keyring, below?: ReadonlyMap<string, Keyring>): void {
    this.#rings = new ZoneRings(ring, this.#zones?.own, below ?? this.#rings.below);
    this.#sealer.use(ring.active);
    this.#opener.useKeys(this.#rings.keys);
  }

  /** `zone`: whose key seals it, where that is known better than by the endpoint. */
  send(endpoint: string, packet: Uint8Array, zone?: string): void {
    const key = zone === undefined ? this.#keyFor(endpoint) : this.#rings.keyFor(zone);
    this.#transport.send(endpoint, this.#sealer.seal(packet, key));
  }

  exchange(endpoint: string, packet: Uint8Array, done: Done): void {
    const key = this.#keyFor(endpoint);
    let nonce = randomBytes(nonceBytes);
    let isRefused = false;
    const request = (cookie: Uint8Array): Uint8Array =>
      this.#sealer.seal(writeFrame({ kind: 'request', nonce, cookie, packet }), key);
    this.#transport.exchange(endpoint, request(noCookie), (answer) => {
      const opened = answer === undefined ? undefined : this.#open(answer, 'stream');
      const found = opened === undefined ? undefined : readFrame(opened.packet);
      if (opened === undefined || found === undefined) return done(undefined);
      if ((found.kind !== 'answer' && found.kind !== 'refusal') || !nonce.equals(found.nonce)) {
        this.#count('stale');
        return done(undefined);
      }
      // The nonce in it is ours: the other runs now.
      this.#opener.prove(opened.key, opened.sender, opened.boot);
      if (found.kind === 'answer') return done(found.packet, this.#rings.zoneOf(opened.key));
      if (isRefused) return done(undefined);
      isRefused = true;
      nonce = randomBytes(nonceBytes);
      return request(found.cookie);
    });
  }

  knock(endpoint: string, timeoutMs: number, done: (found: Knock) => void): void {
    if (this.#transport.knock === undefined) done('silent');
    else this.#transport.knock(endpoint, timeoutMs, done);
  }

  /** Stands before `receiver`: hands it what could be opened. */
  guard(receiver: Receiver): Receiver {
    return {
      receive: (from, packet) => {
        const opened = this.#open(packet, 'datagram');
        if (opened !== undefined) this.#hear(receiver, from, opened);
        return false;
      },
      answer: (packet, reply) => {
        const opened = this.#open(packet, 'stream');
        if (opened === undefined) reply(undefined);
        else
          this.#answer(receiver, opened, (answer) =>
            reply(answer && this.#sealer.seal(writeFrame(answer), this.#rings.answering(opened.key))),
          );
      },
    };
  }

  #hear(receiver: Receiver, from: string, { key, sender, boot, packet, isProven }: Sound): void {
    const frame = readFrame(packet);
    const zone = this.#rings.zoneOf(key);
    const reply = (answer: Frame): void =>
      this.#transport.send(from, this.#sealer.seal(writeFrame(answer), this.#rings.answering(key)));
    if (frame?.kind === 'challenge') reply({ kind: 'echo', cookie: frame.cookie });
    else if (frame?.kind === 'echo') {
      const held = this.#cookies.redeem(key + sender + boot, frame.cookie);
      if (held === undefined) return;
      this.#opener.prove(key, sender, boot);
      // Here it is now, wherever those packets said that they came from.
      for (const claims of held) receiver.receive(from, claims, 'claims', zone);
    } else if (isProven) receiver.receive(from, packet, undefined, zone);
    else {
      const allowance = new Allowance(packet.length);
      const isLeft = receiver.receive(from, packet, 'probes', zone, allowance);
      // Where an answer has taken what there was, it is asked with its next packet.
      if (!isLeft || allowance.room < challengeBytes) return;
      allowance.spend(challengeBytes);
      reply({ kind: 'challenge', cookie: this.#cookies.ask(key + sender + boot, packet) });
    }
  }

  #answer(
    receiver: Receiver,
    { key, sender, boot, packet, isProven }: Sound,
    reply: (frame: Frame | undefined) => void,
  ): void {
    const frame = readFrame(packet);
    if (frame?.kind !== 'request') {
      this.#count('stale');
      reply(undefined);
      return;
    }
    const { nonce, cookie } = frame;
    const zone = this.#rings.zoneOf(key);
    if (!isProven) {
      const held = this.#cookies.redeem(key + sender + boot, cookie);
      if (held === undefined) {
        reply({ kind: 'refusal', nonce, cookie: this.#cookies.ask(key + sender + boot) });
        return;
      }
      this.#opener.prove(key, sender, boot);
      // Where it hears datagrams is not shown by a stream.
      for (const claims of held) receiver.receive('', claims, 'claims', zone, new Allowance(0));
    }
    receiver.answer(
      frame.packet,
      (answer) => reply(answer && { kind: 'answer', nonce, packet: answer }),
      zone,
    );
  }

  #keyFor(endpoint: string): ZoneKey {
    return this.#rings.keyFor(this.#zones?.zoneAt(endpoint));
  }

  #open(packet: Uint8Array, came: 'datagram' | 'stream'): Sound | undefined {
    const opened = this.#opener.open(packet, came === 'datagram' ? datagramBytes : streamBytes, came);
    if (opened.refused === undefined) return opened;
    this.#count(opened.refused);
    return undefined;
  }

  #count(reason: Refusal): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }
}
