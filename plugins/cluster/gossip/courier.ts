import type { Allowance } from './boots/allowance.ts';
import { payloadBytes } from './codec.ts';
import type { Message } from './messages.ts';
import type { Sized, Transport } from './transport.ts';
import type { Wire } from './wire.ts';
import type { ZoneDesk } from './zones/zone-desk.ts';

/** What a courier is made of. */
export interface CourierParts<Packet extends Sized> {
  wire: Wire<Packet>;
  desk: ZoneDesk;
  transport: Pick<Transport<Packet>, 'send'>;
  /** What is still to be told, of at most so many bytes. */
  waiting(budgetBytes: number): Packet[];
}

/** Sends what is meant for one endpoint by datagram. */
export class Courier<Packet extends Sized> {
  readonly #parts: CourierParts<Packet>;

  constructor(parts: CourierParts<Packet>) {
    this.#parts = parts;
  }

  /** With what waits to be told on top, to one of our zone. Beyond `allowance` goes nothing: where not all fits, the first message alone. */
  send(endpoint: string, messages: readonly Message[], allowance?: Allowance): void {
    const { wire, desk, waiting } = this.#parts;
    const packed = messages.map((message) => wire.encode(message));
    if (!desk.isOurs(endpoint)) {
      this.sendAcross(endpoint, packed, allowance);
      return;
    }
    const kept = allowance === undefined ? packed : fitting(packed, packed, allowance.room);
    const left = Math.min(payloadBytes, allowance?.room ?? payloadBytes) - sizeOf(kept);
    if (kept.length > 0) this.#send(endpoint, [...kept, ...waiting(left)], allowance);
  }

  /** To one who is not known to be of our zone goes only what is meant for it. */
  sendAcross(endpoint: string, messages: readonly Packet[], allowance?: Allowance): void {
    const { wire, desk } = this.#parts;
    const whole = [...desk.hello.map((one) => wire.encode(one)), ...messages];
    const kept = allowance === undefined ? whole : fitting(whole, messages, allowance.room);
    if (kept.length > 0) this.#send(endpoint, kept, allowance);
  }

  #send(endpoint: string, packed: readonly Packet[], allowance: Allowance | undefined): void {
    const packet = this.#parts.wire.join(packed);
    allowance?.spend(packet.length);
    this.#parts.transport.send(endpoint, packet);
  }
}

/** All of it, else the first of what is meant, else nothing. */
function fitting<Packet extends Sized>(
  whole: readonly Packet[],
  meant: readonly Packet[],
  room: number,
): readonly Packet[] {
  return [whole, meant.slice(0, 1)].find((some) => sizeOf(some) <= room) ?? [];
}

/** Of a packet of these messages. */
function sizeOf(messages: readonly Sized[]): number {
  return messages.reduce((sum, { length }) => sum + length, 1);
}
