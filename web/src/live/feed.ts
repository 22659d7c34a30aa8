import type { Board, Frame } from './board.ts';

/** As much of a WebSocket as a feed uses. */
export interface Line {
  close(): void;
}

/** What a line tells. */
export interface LineEvents {
  opened(): void;
  message(text: string): void;
  closed(): void;
}

/** What a feed works with. */
export interface FeedParts {
  /** Opens a line with these query parameters. */
  connect(query: string, events: LineEvents): Line;
  /** Monotonic milliseconds. */
  now(): number;
  /** 0 to 1, so that pages that lost the same agent do not come back at the same moment. */
  random(): number;
  /** Told when the board or the state of the line changed. */
  changed(): void;
}

/** How old what is shown may be. `late`: the line is down, and nothing is known to be wrong yet. */
export type Freshness = 'connecting' | 'live' | 'late' | 'frozen';

/** Silent for so long, a line is proved by a new one that goes on where it left off. The agent's pings go unseen in a browser. */
export const quietMs = 12_000;
/** What was not confirmed for so long is shown as frozen. */
export const frozenMs = 20_000;
const lateMs = 3000;
const firstPauseMs = 500;
const longestPauseMs = 8000;
const openingMs = 10_000;

/** Keeps a board up to date by the stream of the agent, over any number of lines. */
export class Feed {
  readonly #board: Board;
  readonly #parts: FeedParts;
  #line: Line | undefined;
  /** Counts lines: what an old one still says is not heard. */
  #number = 0;
  #heardAt: number;
  #openedAt = 0;
  #isHeard = false;
  #lostAt: number | undefined;
  #nextAt = 0;
  #failures = 0;
  /** The board lacks something: what comes next must be all there is. */
  #isGapped = false;

  constructor(board: Board, parts: FeedParts) {
    this.#board = board;
    this.#parts = parts;
    this.#heardAt = parts.now();
  }

  /** When something was heard last, monotonic ms. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** How far what the board holds may be believed. */
  get freshness(): Freshness {
    const now = this.#parts.now();
    if (this.#board.isEmpty) return now - this.#heardAt > frozenMs ? 'frozen' : 'connecting';
    if (now - this.#heardAt > frozenMs) return 'frozen';
    const isDown = this.#lostAt !== undefined && now - this.#lostAt > lateMs;
    return isDown || this.#isGapped ? 'late' : 'live';
  }

  /** Looks after the line; called every second, and when the page comes to the front again. */
  look(): void {
    const now = this.#parts.now();
    if (this.#line === undefined) {
      if (now >= this.#nextAt) this.#open();
    } else if (this.#isHeard ? now - this.#heardAt > quietMs : now - this.#openedAt > openingMs) {
      this.#end();
      this.#open();
    }
  }

  /** Tries at once. */
  retry(): void {
    this.#nextAt = 0;
    this.look();
  }

  /** Listens no more. */
  close(): void {
    this.#end();
    this.#nextAt = Number.POSITIVE_INFINITY;
  }

  #open(): void {
    this.#number += 1;
    const number = this.#number;
    const ifNow = (run: () => void): void => {
      if (number === this.#number) run();
    };
    this.#openedAt = this.#parts.now();
    this.#isHeard = false;
    const { stream, seq, isEmpty } = this.#board;
    const isNew = isEmpty || this.#isGapped;
    this.#line = this.#parts.connect(isNew ? '' : `?stream=${encodeURIComponent(stream)}&after=${seq}`, {
      opened: () => undefined,
      message: (text) => ifNow(() => this.#take(text)),
      closed: () => ifNow(() => this.#lost()),
    });
  }

  #take(text: string): void {
    const frame = JSON.parse(text) as Frame;
    this.#heardAt = this.#parts.now();
    this.#isHeard = true;
    this.#lostAt = undefined;
    this.#failures = 0;
    const taken = this.#board.apply(frame);
    if (frame.type === 'snapshot') this.#isGapped = false;
    if (taken === 'gap') {
      this.#isGapped = true;
      this.#end();
      this.#open();
    }
    this.#parts.changed();
  }

  #lost(): void {
    if (this.#line === undefined) return;
    this.#line = undefined;
    const now = this.#parts.now();
    this.#lostAt ??= now;
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#nextAt = now + pause * (0.5 + this.#parts.random() / 2);
    this.#parts.changed();
  }

  #end(): void {
    this.#number += 1;
    this.#line?.close();
    this.#line = undefined;
  }
}
