import type { TimerClock } from '../../core/clock.ts';
import type { PlainError } from '../../core/errors.ts';
import type { JobPool } from '../pool/job-pool.ts';
import type { ServiceHost } from './services.ts';

/** A thread of plugin code that may hold memory which `resourceLimits` does not count, such as ArrayBuffers. */
export interface MemorySuspect {
  /** Tells threads of one plugin apart. */
  id: string;
  plugin: string;
  /** What it last reported to hold outside the V8 heap. */
  externalBytes: number;
  /** How long its job has run; 0 for a service, which reports by itself. */
  heldMs: number;
  /** Counts while the thread's loop turns; a thread that stands still reports nothing. */
  beat: number;
  end(error: PlainError): void;
}

/** Every thread of a pool and of a host of services that could be to blame. */
export function memorySuspects(pool: JobPool, services: ServiceHost): MemorySuspect[] {
  const jobs = pool.running().map(({ lane, plugin, externalBytes, heldMs, beat }) => ({
    id: `lane ${lane}`,
    plugin,
    externalBytes,
    heldMs,
    beat,
    end: (error: PlainError) => pool.kill(lane, error),
  }));
  const served = services.figures().map(({ id, plugin, externalBytes }) => ({
    id,
    plugin,
    externalBytes,
    heldMs: 0,
    beat: 0,
    end: (error: PlainError) => services.kill(id, error),
  }));
  return [...jobs, ...served];
}

/** Below this nobody is to blame for what it reports. */
const blameBytes = 32 * 1024 * 1024;
/** The kernel takes a moment to give back what a dead thread held. */
const pauseMs = 1000;

/**
 * Picks whom to end when the process is over its limit: the thread that reports the most memory outside its heap, if that is a quarter of the
 * excess or more; else the longest-running one that stands still (`silent`), since what it allocates now it cannot report. An index, or -1 when
 * nobody is to blame.
 */
export function chooseVictim(
  rssBytes: number,
  maxRssBytes: number,
  suspects: readonly { externalBytes: number; heldMs: number; silent: boolean }[],
): number {
  const excess = rssBytes - maxRssBytes;
  if (excess <= 0) return -1;
  const largest = indexOfMost(suspects.map(({ externalBytes }) => externalBytes));
  if ((suspects[largest]?.externalBytes ?? 0) >= Math.max(blameBytes, excess / 4)) return largest;
  const silent = indexOfMost(suspects.map(({ heldMs, silent }) => (silent ? heldMs : -1)));
  return suspects[silent]?.silent === true ? silent : -1;
}

function indexOfMost(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value > (values[best] ?? -1) ? index : best), -1);
}

/** What a guard looks at. */
export interface MemoryGuardParts {
  clock: TimerClock;
  maxRssBytes: number;
  /** Resident set of the process, e.g. `process.memoryUsage.rss`. */
  rss(): number;
  suspects(): MemorySuspect[];
}

/** Ends the thread that takes the process over its limit of resident memory. */
export class MemoryGuard {
  readonly #parts: MemoryGuardParts;
  #beats = new Map<string, number>();
  #notBefore = 0;

  constructor(parts: MemoryGuardParts) {
    this.#parts = parts;
  }

  /**
   * Takes one sample and ends at most one thread; returns its plugin, or null. Costs some 20 µs: call it each second or oftener, since
   * a thread can allocate a gigabyte a second.
   */
  check(): string | null {
    const { clock, rss, maxRssBytes } = this.#parts;
    const now = clock.monotonic();
    const used = rss();
    if (now < this.#notBefore) return null;
    if (used <= maxRssBytes) {
      this.#beats.clear();
      return null;
    }
    const suspects = this.#parts.suspects();
    const views = suspects.map((suspect) => ({ ...suspect, silent: this.#isSilent(suspect) }));
    const victim = suspects[chooseVictim(used, maxRssBytes, views)];
    this.#beats = new Map(suspects.map(({ id, beat }) => [id, beat]));
    if (victim === undefined) return null;
    this.#notBefore = now + pauseMs;
    const message = `${victim.plugin}: ended because the agent holds ${mebibytes(used)} MiB, more than its limit of ${mebibytes(maxRssBytes)} MiB`;
    victim.end({ code: 'OPSBRO_PLUGIN_MEMORY', message });
    return victim.plugin;
  }

  /** Silence shows between two samples. */
  #isSilent({ id, beat, heldMs }: MemorySuspect): boolean {
    return heldMs > 0 && this.#beats.get(id) === beat;
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
