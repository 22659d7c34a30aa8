import { type AnswerSet, type Answers, fixed, isClassAnswered, soaRecord } from './answers.ts';
import { headerBytes, labelsOf, Query } from './query.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** What an answer over UDP never exceeds: it passes every usual path in one piece. */
export const maxUdpBytes = 1232;
/** What a message over TCP never exceeds. */
export const maxTcpBytes = 65_535;

const optBytes = 11;
const rememberedQuestions = 16_384;

interface Remembered {
  name: Uint8Array;
  type: number;
  answers: AnswerSet;
}

/** What a responder is made of. */
export interface ResponderParts {
  domain: readonly string[];
  ttlSeconds: number;
  limiter: RateLimiter;
  /** Milliseconds that never go back. */
  monotonic(): number;
}

/**
 * From the bytes of a query to those of its answer, without a socket. What was asked before is answered by copying: no name is taken apart
 * again and nothing is allocated.
 */
export class Responder {
  readonly #parts: ResponderParts;
  readonly #query = new Query();
  readonly #soa: Buffer;
  /** Wire bytes of the domain, the root's zero included. */
  readonly #domainBytes: number;
  /** By hash; a question that another displaces is looked up again. */
  readonly #questions = new Array<Remembered | undefined>(rememberedQuestions);
  #answers: Answers | undefined;

  constructor(parts: ResponderParts) {
    this.#parts = parts;
    this.#soa = soaRecord(parts);
    this.#domainBytes = parts.domain.reduce((sum, label) => sum + label.length + 1, 1);
  }

  /** Answers from these now. Before the first ones every question is answered SERVFAIL. */
  use(answers: Answers): void {
    this.#answers = answers;
    this.forget();
  }

  /** Looks every question up again. */
  forget(): void {
    this.#questions.fill(undefined);
  }

  /**
   * Writes the answer to the first `length` of `bytes` to `out` and returns its size; 0: nothing is sent. Over UDP `client` is the sender's
   * address, over TCP, where nobody forges it, null. `out` has room for the largest answer of its kind.
   */
  respond(bytes: Uint8Array, length: number, client: string | null, out: Uint8Array): number {
    const query = this.#query;
    const reading = query.read(bytes, length);
    if (reading === 'drop') return 0;
    const answers =
      reading === 'query' ? this.#find() : reading === 'malformed' ? fixed.malformed : fixed.notImplemented;
    if (client === null) return this.#write(bytes, answers, maxTcpBytes, reading === 'query', out);
    const allowance = this.#parts.limiter.allow(client, answers.id, this.#parts.monotonic());
    if (allowance === 'drop') return 0;
    const limit = allowance === 'slip' ? 0 : Math.min(query.udpSize, maxUdpBytes);
    return this.#write(bytes, answers, limit, reading === 'query', out);
  }

  #find(): AnswerSet {
    const query = this.#query;
    if (query.ednsVersion !== 0) return fixed.badVersion;
    if (!isClassAnswered(query.class) || isTransfer(query.type)) return fixed.refused;
    if (this.#answers === undefined) return fixed.failed;
    const slot = query.hash & (rememberedQuestions - 1);
    const known = this.#questions[slot];
    if (
      known !== undefined &&
      known.type === query.type &&
      isEqual(known.name, query.name, query.nameLength) &&
      (known.answers.freshUntil === Infinity || this.#parts.monotonic() < known.answers.freshUntil)
    )
      return known.answers;
    const name = query.name.slice(0, query.nameLength);
    if (!query.isPlain) return endsWith(name, this.#parts.domain) ? fixed.noName : fixed.refused;
    const answers = this.#answers.find(labelsOf(name), query.type);
    if (answers !== fixed.noName && answers !== fixed.refused)
      this.#questions[slot] = { name, type: query.type, answers };
    return answers;
  }

  #write(
    bytes: Uint8Array,
    answers: AnswerSet,
    limit: number,
    hasQuestion: boolean,
    out: Uint8Array,
  ): number {
    const query = this.#query;
    const { rcode, isOurs, starts, records } = answers;
    const end = hasQuestion ? query.questionEnd : headerBytes;
    const edns = query.hasEdns && hasQuestion ? optBytes : 0;
    const count = starts.length;
    const hasSoa = isOurs && count === 0;
    const size = end + records.length + (hasSoa ? this.#soa.length : 0) + edns;
    const isCut = size > limit && count + (hasSoa ? 1 : 0) > 0;
    const hasExtra = !isCut && answers.extraCount > 0 && size + answers.extra.length <= limit;
    out[0] = bytes[0]!;
    out[1] = bytes[1]!;
    // QR, the opcode as asked, AA, TC and RD as asked; no recursion is on offer, and CD as asked.
    out[2] = 0x80 | (bytes[2]! & 0x79) | (isOurs || count > 0 ? 0x04 : 0) | (isCut ? 0x02 : 0);
    out[3] = (bytes[3]! & 0x10) | (rcode & 0x0f);
    setWord(out, 4, hasQuestion ? 1 : 0);
    setWord(out, 6, isCut ? 0 : count);
    setWord(out, 8, hasSoa && !isCut ? 1 : 0);
    setWord(out, 10, (edns > 0 ? 1 : 0) + (hasExtra ? answers.extraCount : 0));
    let at = copy(bytes, headerBytes, end, out, headerBytes);
    if (!isCut) {
      if (count > 0) at = writeTurn(answers, out, at);
      if (hasSoa) at = this.#writeSoa(end, out, at);
    }
    if (hasExtra) at = copy(answers.extra, 0, answers.extra.length, out, at);
    return edns > 0 ? writeOpt(rcode >>> 4, query.isDnssecOk, out, at) : at;
  }

  /** The SOA's owner is the domain, at the end of the question's name. */
  #writeSoa(questionEnd: number, out: Uint8Array, at: number): number {
    const end = copy(this.#soa, 0, this.#soa.length, out, at);
    out[at + 1] = questionEnd - 4 - this.#domainBytes;
    out[at] = 0xc0 | ((questionEnd - 4 - this.#domainBytes) >> 8);
    return end;
  }
}

/** All records, beginning with the one whose turn it is. */
function writeTurn(answers: AnswerSet, out: Uint8Array, at: number): number {
  const { records, starts, turn } = answers;
  const from = starts[turn]!;
  answers.turn = turn + 1 < starts.length ? turn + 1 : 0;
  return copy(records, 0, from, out, copy(records, from, records.length, out, at));
}

function writeOpt(extendedRcode: number, isDnssecOk: boolean, out: Uint8Array, at: number): number {
  out[at] = 0;
  setWord(out, at + 1, 41);
  setWord(out, at + 3, maxUdpBytes);
  out[at + 5] = extendedRcode;
  out[at + 6] = 0;
  out[at + 7] = isDnssecOk ? 0x80 : 0;
  out[at + 8] = 0;
  setWord(out, at + 9, 0);
  return at + optBytes;
}

/** Copies bytes and returns where they end. Few bytes are faster by hand than by a call of the engine. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  if (end - start > 128) to.set(from.subarray(start, end), at);
  else for (let index = start; index < end; index += 1) to[at + index - start] = from[index]!;
  return at + end - start;
}

function setWord(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 8;
  out[at + 1] = value & 0xff;
}

function isEqual(known: Uint8Array, name: Uint8Array, length: number): boolean {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index += 1) if (known[index] !== name[index]) return false;
  return true;
}

/** IXFR and AXFR: the zone is told name by name. */
function isTransfer(type: number): boolean {
  return type === 251 || type === 252;
}

function endsWith(name: Uint8Array, domain: readonly string[]): boolean {
  const labels = labelsOf(name);
  return domain.every((label, index) => labels[labels.length - domain.length + index] === label);
}
