import { exchangeBytes } from '../codec.ts';
import type { ClusterEvents } from '../events/cluster-events.ts';
import type { DigestMessage, Message, PartMessage, StateRow } from '../messages.ts';
import type { Hearsay } from '../pool.ts';
import type { Random, Sized, Timers, Transport } from '../transport.ts';
import type { Wire } from '../wire.ts';
import type { ZoneDesk } from '../zones/zone-desk.ts';
import { differingParts, digestOf, type Entry, markOf, partOf, partsFor, partsIn } from './digest.ts';
import { Gathering } from './gathering.ts';

/** What an exchange of tables needs of its node. */
export interface TablesParts<Packet extends Sized> {
  wire: Wire<Packet>;
  transport: Pick<Transport<Packet>, 'exchange' | 'served'>;
  desk: ZoneDesk;
  random: Random;
  timers: Timers;
  rows(): StateRow[];
  events?: ClusterEvents | undefined;
  /** Takes what another's table says, one of the zone `speaker`. */
  take(message: Message, speaker: string | undefined, hearsay?: Hearsay): void;
  /** Whether this node knows nobody else. */
  isAlone(): boolean;
  /** So many messages were not understood. */
  refuse(count: number): void;
}

/**
 * Exchanges tables with others. `swap` tells all to one who may know nothing. `compare` sends sums over parts of the table first, and then
 * only the parts that differ, so that what both know costs little however many members there are. Who does not know sums gives no
 * answer, and is told all.
 */
export class Tables<Packet extends Sized> {
  readonly #parts: TablesParts<Packet>;
  readonly #gathering: Gathering<Packet>;
  #isOn = true;

  constructor(parts: TablesParts<Packet>) {
    this.#parts = parts;
    this.#gathering = new Gathering({
      timers: parts.timers,
      table: (zone) => this.#packet(this.#entries(zone)),
      served: () => parts.transport.served ?? 0,
    });
  }

  /** Leaves without an answer who waits for one, and asks nobody any more. */
  stop(): void {
    this.#isOn = false;
    this.#gathering.stop();
  }

  /** Exchanges whole tables. `done` hears whether there was an answer. */
  swap(endpoint: string, done: (isAnswered: boolean) => void = () => {}): void {
    const zone = this.#parts.desk.zoneAt(endpoint);
    this.#ask(endpoint, this.#entries(zone), (answered) => done(answered.length > 0));
  }

  /** Makes both tables equal where they differ. */
  compare(endpoint: string): void {
    const zone = this.#parts.desk.zoneAt(endpoint);
    const entries = this.#entries(zone);
    const salt = Math.floor(this.#parts.random() * 2 ** 32);
    const sums = digestOf(entries, partsFor(entries.length), salt);
    this.#ask(endpoint, [{ kind: 'digest', salt, sums }], (answered) => {
      const part = answered.find((message): message is PartMessage => message.kind === 'part');
      if (!this.#isOn) return;
      if (part === undefined) this.swap(endpoint);
      else {
        const news = unheard(inParts(entries, part), answered);
        if (news.length > 0) this.#ask(endpoint, [part, ...news], () => {});
      }
    });
  }

  /** Answers another's exchange, of the zone `speaker`, once its entries were taken. Who asks for a whole table may wait for others who do. */
  answer(
    messages: readonly Message[],
    speaker: string | undefined,
    reply: (answer: Packet | undefined) => void,
  ): void {
    const digest = messages.find((message): message is DigestMessage => message.kind === 'digest');
    const part = messages.find(({ kind }) => kind === 'part');
    const entries = digest && this.#entries(speaker);
    for (const message of messages) this.#parts.take(message, speaker);
    if (digest !== undefined && entries !== undefined) reply(this.#packet(differences(entries, digest)));
    // The other has had ours of these parts already.
    else if (part !== undefined) reply(this.#packet([{ kind: 'part', count: 1, parts: [] }]));
    else this.#gathering.add(speaker, reply);
  }

  #ask(endpoint: string, told: readonly Message[], done: (answered: readonly Message[]) => void): void {
    const { wire, transport, desk, take, refuse } = this.#parts;
    // Who asks alone may hear of somebody by datagram before the answer comes: all of it was told to others too.
    const hearsay = this.#parts.isAlone() ? 'never' : 'once';
    transport.exchange(endpoint, this.#packet(told), (answer, keyZone) => {
      const { messages, refused } =
        answer === undefined ? { messages: [], refused: 0 } : wire.decode(answer, exchangeBytes);
      refuse(refused);
      const speaker = desk.speaker(messages, keyZone);
      for (const message of messages) take(message, speaker, hearsay);
      done(messages);
    });
  }

  /** What one of `zone` may know. Events go upwards, not downwards. */
  #entries(zone: string | undefined): Entry[] {
    const { desk, events } = this.#parts;
    const told = this.#parts.rows().filter(({ alive }) => desk.isTold(zone, alive.record));
    return desk.takesEvents(zone) ? [...told, ...(events?.messages() ?? [])] : told;
  }

  #packet(messages: readonly Message[]): Packet {
    const { wire, desk } = this.#parts;
    return wire.join([...desk.hello, ...messages].map((message) => wire.encode(message)));
  }
}

function differences(entries: readonly Entry[], { salt, sums }: DigestMessage): Message[] {
  const count = partsIn(sums) ?? 1;
  const parts = differingParts(digestOf(entries, count, salt), sums);
  const part: PartMessage = { kind: 'part', count, parts };
  return [part, ...inParts(entries, part)];
}

/** Those of ours that the other has not told just as they are. */
function unheard(ours: readonly Entry[], theirs: readonly Message[]): Entry[] {
  const heard = new Set(theirs.flatMap((one) => (isEntry(one) ? [markOf(one)] : [])));
  return ours.filter((entry) => !heard.has(markOf(entry)));
}

function isEntry(message: Message): message is Entry & Message {
  return message.kind === 'state' || message.kind === 'event';
}

function inParts(entries: readonly Entry[], { count, parts }: PartMessage): Entry[] {
  if (parts.length === 0) return [];
  const wanted = new Set(parts);
  return entries.filter((entry) => wanted.has(partOf(entry, count)));
}
