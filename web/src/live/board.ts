import type { CheckFact, ClusterNode } from './fact.ts';

/** Who answers. */
export interface OwnNode {
  uuid: string;
  name: string;
  zone: string;
  display_name?: string;
  version?: string;
}

/** A frame of the stream; see the README of the exporter `websocket`. */
export type Frame =
  | {
      type: 'snapshot';
      stream: string;
      seq: number;
      at: string;
      data: { node?: OwnNode; groups: string[]; checks: CheckFact[]; nodes: ClusterNode[] };
    }
  | { type: 'resumed'; stream: string; seq: number }
  | { type: 'ping' }
  | ({ seq: number; at: string } & Change);

type Change =
  | { type: 'check'; data: CheckFact }
  | { type: 'check-removed'; data: { id: string } }
  | { type: 'groups'; data: string[] }
  | { type: 'node'; data: ClusterNode }
  | { type: 'node-removed'; data: { uuid: string } };

/** A change of a check that was seen while the page was open. */
export interface SeenChange {
  at: number;
  id: string;
  from: CheckFact | undefined;
  to: CheckFact;
}

/** What of a frame was made use of. `gap`: something before it is missing, so all there is has to be asked for anew. */
export type Taken = 'taken' | 'gap' | 'ignored';

const changesKept = 200;

/** All that the stream told, kept up to date in place: a copy of twenty thousand checks at each change would cost more than all else. */
export class Board {
  node: OwnNode | undefined;
  groups: readonly string[] = [];
  readonly checks = new Map<string, CheckFact>();
  readonly nodes = new Map<string, ClusterNode>();
  /** Newest first. */
  readonly changes: SeenChange[] = [];
  stream = '';
  seq = -1;
  /** When the first snapshot was made, epoch ms: what changed since then is among `changes`. */
  beganAt = Number.POSITIVE_INFINITY;
  /** Moves with everything that is told. */
  version = 0;
  /** Moves with what is told of checks. */
  checksVersion = 0;
  /** Moves with what is told of nodes. */
  nodesVersion = 0;

  /** Nothing was told yet. */
  get isEmpty(): boolean {
    return this.seq < 0;
  }

  /** Takes one frame. */
  apply(frame: Frame): Taken {
    if (frame.type === 'ping') return 'ignored';
    if (frame.type === 'snapshot') return this.#begin(frame);
    if (frame.type === 'resumed')
      return frame.stream === this.stream && frame.seq === this.seq ? 'ignored' : 'gap';
    if (frame.seq <= this.seq) return 'ignored';
    if (frame.seq !== this.seq + 1) return 'gap';
    this.seq = frame.seq;
    this.version += 1;
    this.#change(frame);
    return 'taken';
  }

  #begin({ stream, seq, at, data }: Extract<Frame, { type: 'snapshot' }>): Taken {
    if (this.isEmpty) this.beganAt = Date.parse(at);
    else this.#noteMissed(data.checks, Date.parse(at));
    this.stream = stream;
    this.seq = seq;
    this.node = data.node;
    this.groups = data.groups;
    this.checks.clear();
    for (const check of data.checks) this.checks.set(check.id, check);
    this.nodes.clear();
    for (const node of data.nodes) this.nodes.set(node.uuid, node);
    this.version += 1;
    this.checksVersion += 1;
    this.nodesVersion += 1;
    return 'taken';
  }

  #change(change: Change & { at: string }): void {
    switch (change.type) {
      case 'check':
        this.#note(change.data, Date.parse(change.at));
        this.checks.set(change.data.id, change.data);
        this.checksVersion += 1;
        break;
      case 'check-removed':
        this.checks.delete(change.data.id);
        this.checksVersion += 1;
        break;
      case 'groups':
        this.groups = change.data;
        break;
      case 'node':
        this.nodes.set(change.data.uuid, change.data);
        this.nodesVersion += 1;
        break;
      case 'node-removed':
        this.nodes.delete(change.data.uuid);
        this.nodesVersion += 1;
        break;
    }
  }

  /** What changed while no line was up: of each check the last state, at the time since which it is in that. */
  #noteMissed(checks: readonly CheckFact[], now: number): void {
    const missed = checks.filter(({ id, state }) => this.checks.get(id)?.state !== state);
    missed.sort((one, other) => (one.since ?? now) - (other.since ?? now));
    for (const check of missed) this.#note(check, check.since ?? now);
  }

  /** Other texts of the same state are no change that anybody waits for. */
  #note(to: CheckFact, at: number): void {
    const from = this.checks.get(to.id);
    if (from?.state === to.state && from.stale === to.stale) return;
    this.changes.unshift({ at, id: to.id, from, to });
    if (this.changes.length > changesKept) this.changes.pop();
  }
}
