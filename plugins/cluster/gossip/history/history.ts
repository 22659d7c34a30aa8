import type { Json } from 'opsbro/sdk';
import type { Evidence, MemberState } from '../messages.ts';
import type { PoolEvent } from '../pool.ts';

/** Who accused a node, what it saw, and when (epoch ms). `name` is empty where the accuser is not known here. */
export interface HistoryAccuser {
  by: string;
  name: string;
  /** Empty where it is the name. */
  display_name?: string;
  evidence: Evidence;
  at: number;
}

/** A node came into a state, at epoch ms. `new`: it was not known before; `deleted`: it was forgotten. */
export interface HistoryEntry {
  at: number;
  node: string;
  name: string;
  /** Empty where it is the name. */
  display_name?: string;
  state: MemberState | 'new' | 'deleted';
  accusers: HistoryAccuser[];
}

/** What the history is made of. */
export interface HistoryParts {
  /** Milliseconds that never go back, those of members. */
  monotonic(): number;
  /** Epoch ms. */
  now(): number;
  /** The name of a node by its uuid; empty where it is not known. */
  nameOf(uuid: string): string;
  /** What people see in place of the name, as far as that is known; empty where it is the name. */
  displayNameOf(uuid: string): string;
}

const entryLimit = 1000;
const accuserLimit = 8;
/** What is saved: below the bound of a value that plugins may keep. */
const savedBytes = 60_000;
const states = new Set<unknown>(['alive', 'suspect', 'dead', 'leave', 'new', 'deleted']);
const evidences = new Set<unknown>(['no-ack', 'refused', 'suspicion-timeout', 'reported']);

/**
 * How the members fared: every change of a state, with who accused and on what evidence. At most 1,000 are kept; beyond that, who was new
 * goes first, then the oldest.
 */
export class History {
  readonly #parts: HistoryParts;
  #entries: HistoryEntry[] = [];

  constructor(parts: HistoryParts) {
    this.#parts = parts;
  }

  /** Takes what a pool tells. */
  hear(event: PoolEvent): void {
    if (event.kind === 'record' || !('member' in event) || event.kind === 'conflict') return;
    const { uuid, alive, accusers, state } = event.member;
    const named = accusers.slice(0, accuserLimit).map(({ by, evidence, atMs }) => ({
      by,
      name: this.#parts.nameOf(by),
      display_name: this.#parts.displayNameOf(by),
      evidence,
      at: this.#epoch(atMs),
    }));
    const last = this.#entries.findLast(({ node }) => node === uuid);
    if (event.kind === 'accused') {
      if (last?.state === state) last.accusers = named;
      return;
    }
    // After a restart members are new again, as they were before.
    const before = last?.state === 'new' ? 'alive' : last?.state;
    if (event.kind === 'new' && before === state) return;
    const gone = event.kind === 'new' && state !== 'alive';
    this.#add({
      at: this.#parts.now(),
      node: uuid,
      name: alive.record.name,
      display_name: this.#parts.displayNameOf(uuid) || (last?.display_name ?? ''),
      state: gone ? state : event.kind,
      accusers: event.kind === 'alive' ? [] : named,
    });
  }

  /** Oldest first; with `node`, a uuid, name or display name, of that one alone. */
  list(node?: string): HistoryEntry[] {
    return this.#entries.filter(
      (one) => node === undefined || [one.node, one.name, one.display_name].includes(node),
    );
  }

  /** The newest entries, as many as are worth saving. */
  save(): Json {
    const kept: HistoryEntry[] = [];
    let bytes = 0;
    for (const entry of this.#entries.toReversed()) {
      bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
      if (bytes > savedBytes) break;
      kept.unshift(entry);
    }
    return kept as unknown as Json;
  }

  /** Puts what was saved before what happened since; what is not sound in it is left out. */
  restore(saved: Json | undefined): void {
    const sound = Array.isArray(saved) ? (saved as unknown[]).filter(isEntry) : [];
    this.#entries = [...sound, ...this.#entries].slice(-entryLimit);
  }

  #add(entry: HistoryEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length <= entryLimit) return;
    const fresh = this.#entries.findIndex(({ state }) => state === 'new');
    this.#entries.splice(Math.max(0, fresh), 1);
  }

  #epoch(atMs: number): number {
    return Math.round(this.#parts.now() - (this.#parts.monotonic() - atMs));
  }
}

function isEntry(value: unknown): value is HistoryEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { at, node, name, display_name = '', state, accusers } = value as { [key: string]: unknown };
  return (
    Number.isFinite(at) &&
    typeof display_name === 'string' &&
    typeof node === 'string' &&
    typeof name === 'string' &&
    states.has(state) &&
    Array.isArray(accusers) &&
    accusers.length <= accuserLimit &&
    accusers.every(isAccuser)
  );
}

function isAccuser(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { by, name, display_name = '', evidence, at } = value as { [key: string]: unknown };
  const areTexts = [by, name, display_name].every((text) => typeof text === 'string');
  return areTexts && evidences.has(evidence) && Number.isFinite(at);
}
