import type { NodeCheck } from 'opsbro/sdk';
import type { Member } from '../members.ts';
import type { Message, NodeRecord } from '../messages.ts';
import type { Timers } from '../transport.ts';
import { BodyFetcher, bodiesAtOnce } from './body-fetcher.ts';
import { BodyStore } from './body-store.ts';
import { DetailsDocument } from './details-document.ts';
import { type Details, DetailsPuller } from './details-puller.ts';
import { bodyHash, type RecordBody } from './split-record.ts';

/** What documents are made of. */
export interface DocumentsParts {
  uuid: string;
  /** Never the same after a restart. */
  epoch: string;
  timers: Timers;
  ask(endpoint: string, questions: Message[], done: (answers: readonly Message[]) => void): void;
  /** Where a member is asked: itself, or for bodies some other one that lives. Undefined where there is none. */
  source(uuid: string, fromOwner: boolean): string | undefined;
  /** Whether a member tells us of its checks: who is in a zone above ours does not. */
  tellsUs(member: Member): boolean;
  /** The body of a member's record has come. */
  onBody(uuid: string): void;
  onDetails(details: Details): void;
}

/** What is too large for datagrams: bodies of records, and details of checks. Both go by stream, on demand. */
export class Documents {
  readonly #parts: DocumentsParts;
  readonly #store = new BodyStore();
  readonly #fetcher: BodyFetcher;
  readonly #puller: DetailsPuller;
  readonly #own: DetailsDocument;

  constructor(parts: DocumentsParts) {
    this.#parts = parts;
    this.#own = new DetailsDocument(parts.epoch);
    this.#fetcher = new BodyFetcher({ ...parts, store: this.#store });
    this.#puller = new DetailsPuller({ ...parts, source: (uuid) => parts.source(uuid, true) });
  }

  /** This node announces a record with this body. */
  announce(body: RecordBody): void {
    this.#store.add(body);
  }

  /** This node's checks stand so; the version then goes into its record. */
  setDetails(version: number, checks: readonly NodeCheck[]): void {
    this.#own.set(version, checks);
  }

  /** Whether anybody wants details of other nodes. Those of the members given are pulled then. */
  wantDetails(isOn: boolean, members: readonly Member[]): void {
    this.#puller.turn(isOn);
    for (const member of members) this.#followDetails(member);
  }

  /** The record of a member with its body, or with the one before until it has come. */
  recordOf({ alive }: Member): NodeRecord {
    return this.#store.join(alive.record);
  }

  /** A member is new, or said something new of itself. */
  follow(member: Member): void {
    if (member.uuid === this.#parts.uuid) return;
    const hash = bodyHash(member.alive.record);
    if (hash === undefined) this.#fetcher.unwant(member.uuid);
    else this.#fetcher.want(member.uuid, hash);
    this.#followDetails(member);
  }

  forget(uuid: string): void {
    this.#store.forget(uuid);
    this.#fetcher.unwant(uuid);
    this.#puller.forget(uuid);
  }

  /**
   * The answers to another's questions, or undefined where there are none among the messages. `mayKnow`: of our checks too. Questions are small
   * and answers large, so one packet gets at most 64 bodies, and how our checks stand once.
   */
  answer(messages: readonly Message[], mayKnow = true): Message[] | undefined {
    let isAsked = false;
    let bodies = 0;
    let details: Message | undefined;
    const answers: Message[] = [];
    for (const message of messages)
      if (message.kind === 'ask-body') {
        isAsked = true;
        const bytes = bodies < bodiesAtOnce ? this.#store.get(message.hash) : undefined;
        if (bytes === undefined) continue;
        bodies += 1;
        answers.push({ kind: 'body', hash: message.hash, bytes });
      } else if (message.kind === 'ask-details') {
        isAsked = true;
        if (mayKnow && message.uuid === this.#parts.uuid)
          details ??= this.#details(message.epoch, message.version);
      }
    if (details !== undefined) answers.push(details);
    return isAsked ? answers : undefined;
  }

  stop(): void {
    this.#fetcher.stop();
    this.#puller.turn(false);
  }

  #followDetails(member: Member): void {
    const { uuid, alive } = member;
    const version = alive.record.checks_version;
    if (uuid === this.#parts.uuid || typeof version !== 'number' || !this.#parts.tellsUs(member)) return;
    this.#puller.moved(uuid, version);
  }

  #details(epoch: string, version: number): Message {
    const { isFull, changed, gone } = this.#own.since(epoch, version);
    return {
      kind: 'details',
      uuid: this.#parts.uuid,
      epoch: this.#own.epoch,
      version: this.#own.version,
      isFull,
      changes: JSON.stringify({ changed, gone }),
    };
  }
}
