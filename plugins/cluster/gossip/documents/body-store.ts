import { decodeBody } from '../codec.ts';
import type { NodeRecord } from '../messages.ts';
import { bodyBytes, bodyHash, isBodyOf, joinRecord, type RecordBody } from './split-record.ts';

interface Kept {
  bytes: Uint8Array;
  fields: { [field: string]: unknown };
}

/** Bodies of records by their hash, together at most `limitBytes`; the one unused for longest goes first and is fetched again. */
export class BodyStore {
  readonly #limitBytes: number;
  readonly #bodies = new Map<string, Kept>();
  /** The body that a node was last seen with: it stands in until the next one has come. */
  readonly #last = new Map<string, string>();
  #bytes = 0;

  constructor(limitBytes = 16 * 1024 * 1024) {
    this.#limitBytes = limitBytes;
  }

  /** All that is kept. */
  get bytes(): number {
    return this.#bytes;
  }

  has(hash: string): boolean {
    return this.#bodies.has(hash);
  }

  /** The bytes of a body, for who asks. */
  get(hash: string): Uint8Array | undefined {
    return this.#use(hash)?.bytes;
  }

  /** Keeps a body. False where the bytes are not what the hash stands for, or no fields of a record. */
  add({ hash, bytes }: RecordBody): boolean {
    if (this.#bodies.has(hash)) return true;
    if (bytes.length > bodyBytes || !isBodyOf(hash, bytes)) return false;
    const fields = decodeBody(bytes);
    if (fields === undefined) return false;
    this.#bodies.set(hash, { bytes: new Uint8Array(bytes), fields });
    this.#bytes += bytes.length;
    for (const [oldest, kept] of this.#bodies) {
      if (this.#bytes <= this.#limitBytes || oldest === hash) break;
      this.#bodies.delete(oldest);
      this.#bytes -= kept.bytes.length;
    }
    return true;
  }

  /** The whole record of a head: until its body has come, with the body before. */
  join(head: NodeRecord): NodeRecord {
    const hash = bodyHash(head);
    if (hash === undefined) {
      this.#last.delete(head.uuid);
      return head;
    }
    const kept = this.#use(hash);
    if (kept !== undefined) this.#last.set(head.uuid, hash);
    const before = this.#last.get(head.uuid);
    return joinRecord(head, (kept ?? (before === undefined ? undefined : this.#use(before)))?.fields ?? {});
  }

  /** The node is forgotten. */
  forget(uuid: string): void {
    this.#last.delete(uuid);
  }

  #use(hash: string): Kept | undefined {
    const kept = this.#bodies.get(hash);
    if (kept === undefined) return undefined;
    this.#bodies.delete(hash);
    this.#bodies.set(hash, kept);
    return kept;
  }
}
