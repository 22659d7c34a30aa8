import type { Clock, ExportedFacts, Log } from 'opsbro/sdk';
import { endpointOf } from '../messages.ts';
import type { Timers } from '../transport.ts';
import { isLoopback } from './endpoint.ts';
import type { Options } from './options.ts';
import { OwnDetails } from './own-details.ts';
import { hostAddresses, ownRecord, type TellingRecord } from './own-record.ts';

/** What a word is made of. */
export interface OwnWordParts {
  options: Options;
  log: Log;
  clock: Clock;
  timers: Timers;
  /** Whether packets are sealed; without a key nothing leaves this host. */
  hasKey: boolean;
  /** Where it listens. */
  port: number;
  /** Members that take part, this node included. */
  live(): number;
  /** Others are to be told. */
  onChange(): void;
  /** Where others reach this host; the addresses of its interfaces unless given. */
  addresses?(): string[];
}

/** How often it is looked whether this host has other addresses: no fact tells of it. */
const lookMs = 5000;

/** What this node tells of itself: its record, and details of its checks, both from the facts. */
export class OwnWord {
  readonly details: OwnDetails;
  readonly #parts: OwnWordParts;
  #facts: ExportedFacts;
  #record: TellingRecord;
  #addresses: string[] = [];
  #cancel: () => void = () => undefined;

  constructor(parts: OwnWordParts, facts: ExportedFacts) {
    const { timers, clock, live } = parts;
    this.#parts = parts;
    this.#facts = facts;
    this.details = new OwnDetails({ timers, clock, live, onMoved: () => this.#renew() });
    this.details.use(facts.checks);
    this.#addresses = this.#find();
    this.#record = this.#make();
    this.#look();
  }

  get uuid(): string {
    return this.#facts.node.uuid;
  }

  get record(): TellingRecord {
    return this.#record;
  }

  /** Whether this node says that it is reached there. */
  isAt(endpoint: string): boolean {
    const { addresses, port } = this.#record;
    return addresses.some((one) => endpointOf({ addresses: [one], port }) === endpoint);
  }

  /** Takes the facts as they are now. */
  use(facts: ExportedFacts): void {
    if (facts.node.uuid !== this.uuid) return;
    this.#facts = facts;
    this.details.use(facts.checks);
    this.#renew();
  }

  stop(): void {
    this.details.stop();
    this.#cancel();
  }

  #look(): void {
    this.#cancel = this.#parts.timers.after(lookMs, () => {
      this.#look();
      const found = this.#find();
      // A host without a network keeps its address: mostly it comes back with it.
      if (found.length === 0 || found.join() === this.#addresses.join()) return;
      this.#addresses = found;
      this.#renew();
    });
  }

  #find(): string[] {
    const { options, hasKey, addresses = hostAddresses } = this.#parts;
    const { advertise, address } = options;
    if (advertise !== undefined) return [advertise];
    const own = !hasKey && !isLoopback(address) ? '127.0.0.1' : address;
    return own === '0.0.0.0' || own === '::' ? addresses() : [own];
  }

  #renew(): void {
    const record = this.#make();
    if (JSON.stringify(record) === JSON.stringify(this.#record)) return;
    this.#record = record;
    this.#parts.onChange();
  }

  #make(): TellingRecord {
    const { options, log, port } = this.#parts;
    const { zone, proxy } = options;
    const { version = '', display_name: shown = '' } = this.#facts.node;
    const { record, leftOut } = ownRecord(
      this.#facts,
      {
        addresses: this.#addresses.length > 0 ? this.#addresses : ['127.0.0.1'],
        port,
        zone,
        displayName: options.display_name || shown,
        proxy,
        version,
      },
      this.details.version,
    );
    if (leftOut > 0) log.warn(`${leftOut} groups are not told to others: they are too many, or too long`);
    return record;
  }
}
