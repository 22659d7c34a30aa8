import type { Clock } from 'opsbro/sdk';
import type { LogEvent, LogsView } from './log-shapes.ts';

const keptEvents = 500;
const firstEvents = 10;
const followMs = 10_000;
const maxFollowed = 16;

/**
 * The last 500 events of the log, for those who follow it. Debug events are kept only of parts that somebody asked for in the last
 * 10 s, so that debugging one part floods neither the log nor the ring with all the others.
 */
export class LogRing {
  readonly #clock: Clock;
  readonly #events: LogEvent[] = [];
  readonly #followed = new Map<string, number>();
  #seq = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a debug event of this part is to be kept. */
  isFollowed(part: string): boolean {
    if (this.#followed.size === 0) return false;
    const now = this.#clock.monotonic();
    for (const [followed, until] of this.#followed) {
      if (until < now) this.#followed.delete(followed);
      else if (isPart(part, followed)) return true;
    }
    return false;
  }

  add(event: Omit<LogEvent, 'seq'>): void {
    this.#seq += 1;
    this.#events.push({ seq: this.#seq, ...event });
    if (this.#events.length > keptEvents) this.#events.shift();
  }

  /** `part` is a plugin's id, a kind of plugins, `agent`, or null for all. An `after` of an earlier agent counts from the start. */
  read(after: number | null, part: string | null): LogsView {
    if (part !== null && (this.#followed.has(part) || this.#followed.size < maxFollowed)) {
      this.#followed.set(part, this.#clock.monotonic() + followMs);
    }
    const of = this.#events.filter((event) => part === null || isPart(event.part, part));
    if (after === null) return { next: this.#seq, lost: 0, events: of.slice(-firstEvents) };
    const from = after > this.#seq ? 0 : after;
    const oldest = this.#events[0]?.seq ?? this.#seq + 1;
    const events = of.filter(({ seq }) => seq > from);
    return { next: this.#seq, lost: Math.max(0, oldest - from - 1), events };
  }
}

function isPart(part: string, followed: string): boolean {
  return part === followed || part.startsWith(`${followed}/`);
}
