import type { NodeCheck } from 'opsbro/sdk';
import type { Message } from '../messages.ts';
import type { Timers } from '../transport.ts';
import { documentBytes, readChanges, sizeOf } from './check-row.ts';

/** A version that moves is asked for after this quiet time, so that many changes make one question. */
const debounceMs = 1000;
/** Streams at once. */
const streamLimit = 16;
/** A node that did not answer is asked again after this long, twice as long each time, up to the longest. */
const retryMs = 30_000;
const longestRetryMs = 600_000;

/** How the checks of one node stand. */
export interface Details {
  uuid: string;
  /** The `checks_version` that it tells of. */
  version: number;
  checks: NodeCheck[];
}

/** What a puller is made of. */
export interface PullerParts {
  timers: Timers;
  ask(endpoint: string, questions: Message[], done: (answers: readonly Message[]) => void): void;
  /** Where the node is to be asked; undefined where it is gone. */
  source(uuid: string): string | undefined;
  onDetails(details: Details): void;
  /** All documents together; what does not fit is not kept, nor asked for again before its version moves. */
  limitBytes?: number;
}

interface Followed {
  wanted: number;
  /** What we have, of which start of the node. */
  epoch: string;
  version: number;
  rows: Map<string, NodeCheck>;
  bytes: number;
  /** Questions in a row that stayed without answer. */
  failures: number;
  state: 'quiet' | 'waiting' | 'due' | 'asked';
}

/** Pulls the details of other nodes, as changes, when their versions move; and only while somebody wants them. */
export class DetailsPuller {
  readonly #parts: PullerParts;
  readonly #nodes = new Map<string, Followed>();
  readonly #cancels = new Set<() => void>();
  readonly #limitBytes: number;
  #bytes = 0;
  #streams = 0;
  #isOn = false;

  constructor(parts: PullerParts) {
    this.#parts = parts;
    this.#limitBytes = parts.limitBytes ?? 64 * 1024 * 1024;
  }

  /** All documents that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Somebody wants details, or nobody any more: then all are forgotten. */
  turn(isOn: boolean): void {
    this.#isOn = isOn;
    if (isOn) return;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#nodes.clear();
    this.#bytes = 0;
    this.#streams = 0;
  }

  /** A node says that its checks are at this version. */
  moved(uuid: string, version: number): void {
    if (!this.#isOn) return;
    const node = this.#nodes.get(uuid) ?? {
      wanted: -1,
      epoch: '',
      version: -1,
      rows: new Map<string, NodeCheck>(),
      bytes: 0,
      failures: 0,
      state: 'quiet' as const,
    };
    if (node.wanted === version) return;
    node.wanted = version;
    this.#nodes.set(uuid, node);
    if (node.state === 'quiet') this.#wait(uuid, node, debounceMs);
  }

  /** The node is forgotten. */
  forget(uuid: string): void {
    this.#bytes -= this.#nodes.get(uuid)?.bytes ?? 0;
    this.#nodes.delete(uuid);
  }

  #wait(uuid: string, node: Followed, delayMs: number): void {
    node.state = 'waiting';
    this.#after(delayMs, () => {
      if (this.#nodes.get(uuid) !== node) return;
      node.state = 'due';
      this.#pull();
    });
  }

  #pull(): void {
    for (const [uuid, node] of this.#nodes) {
      if (this.#streams >= streamLimit) return;
      if (node.state !== 'due') continue;
      const endpoint = this.#parts.source(uuid);
      if (endpoint === undefined) node.state = 'quiet';
      else this.#ask(uuid, endpoint, node);
    }
  }

  #ask(uuid: string, endpoint: string, node: Followed): void {
    node.state = 'asked';
    this.#streams += 1;
    const wanted = node.wanted;
    const { epoch } = node;
    const version = Math.max(0, node.version);
    this.#parts.ask(endpoint, [{ kind: 'ask-details', uuid, epoch, version }], (answers) => {
      if (!this.#isOn) return;
      this.#streams = Math.max(0, this.#streams - 1);
      const answer = answers.find((one) => one.kind === 'details' && one.uuid === uuid);
      if (this.#nodes.get(uuid) === node) {
        const isTaken = answer?.kind === 'details' && this.#take(uuid, node, answer);
        const pauseMs = Math.min(longestRetryMs, retryMs * 2 ** node.failures);
        node.failures = isTaken ? 0 : node.failures + 1;
        if (isTaken && node.wanted === wanted) node.state = 'quiet';
        else this.#wait(uuid, node, isTaken ? debounceMs : pauseMs);
      }
      this.#pull();
    });
  }

  #take(uuid: string, node: Followed, answer: Extract<Message, { kind: 'details' }>): boolean {
    const changes = readChanges(answer.changes);
    if (changes === undefined) return false;
    // A delta on what another start of the node said would mix the two.
    if (!answer.isFull && answer.epoch !== node.epoch) return false;
    const rows = answer.isFull ? new Map<string, NodeCheck>() : new Map(node.rows);
    for (const id of changes.gone) rows.delete(id);
    for (const row of changes.changed) rows.set(row.id, row);
    const checks = [...rows.values()];
    const bytes = sizeOf(checks);
    if (bytes > documentBytes || this.#bytes - node.bytes + bytes > this.#limitBytes) return true;
    this.#bytes += bytes - node.bytes;
    Object.assign(node, { rows, bytes, epoch: answer.epoch, version: answer.version });
    this.#parts.onDetails({ uuid, version: answer.version, checks });
    return true;
  }

  #after(delayMs: number, run: () => void): void {
    const cancel = this.#parts.timers.after(delayMs, () => {
      this.#cancels.delete(cancel);
      run();
    });
    this.#cancels.add(cancel);
  }
}
