import type { TimerClock } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { threadEntry } from '../../threads/entry.ts';
import type { Job, JobResult, ThreadData } from '../../threads/protocol.ts';
import type { MemorySuspect } from '../../threads/services/memory-guard.ts';
import { breachOf, budgetError } from '../budgets/breach.ts';
import { Ledger, type SandboxFigures } from '../budgets/ledger.ts';
import type { ErrandRunner } from '../model.ts';
import { SandboxLane } from './lane.ts';
import type { SandboxJob } from './protocol.ts';

/** Threads that plugins share. */
const sharedThreads = 2;
/** Threads for plugins that run apart; more such plugins share them. */
const apartThreads = 4;
/** A plugin that may hold its thread for this long at a stretch, or within a minute, runs apart from the start. */
const longSliceMs = 1000;
const longMinuteMs = 15_000;
/** Runs of one plugin in its thread at once, and of all plugins in one thread. The others wait here, in the order in which they came. */
const mostOfPlugin = 4;
const mostInThread = 64;
/** Runs that may wait; a further one is refused. */
const mostWaiting = 1000;
/** A run nobody could take for this long is given back: every wait has an end. */
const longestWaitMs = 60_000;

/** What a sandbox pool is made of. */
export interface SandboxPoolParts {
  threadData: ThreadData;
  clock: TimerClock;
  errand: ErrandRunner;
  /** A run is given to its thread; its result follows. For the crash journal. */
  onStart?(job: Job): void;
  /** A plugin did something again and again for which it is to be quarantined. */
  onRepeated(plugin: string, reason: string): void;
  /** The thread's compiled entry, for tests that bring their own. */
  entry?: string;
}

interface Waiting {
  job: SandboxJob;
  since: number;
  /** It was lost with somebody else's instance or thread before. */
  isRepeated: boolean;
  resolve(result: JobResult): void;
}

interface Place {
  lane: SandboxLane;
  isApart: boolean;
}

/** What the pool knows of one plugin. `running` counts the runs in its thread. */
interface Lodger {
  place: Place | undefined;
  isApart: boolean;
  running: number;
  ledger: Ledger;
}

/** Runs the jobs of third-party plugins in sandbox threads, which start with the first of them. Each plugin is pinned to a thread. */
export class SandboxPool {
  readonly #parts: SandboxPoolParts;
  readonly #entry: string;
  readonly #places = new Set<Place>();
  readonly #lodgers = new Map<string, Lodger>();
  #waiting: Waiting[] = [];
  #isClosing = false;
  #open = 0;
  #wake: (() => void) | undefined;
  #drained: (() => void) | undefined;

  constructor(parts: SandboxPoolParts) {
    this.#parts = parts;
    this.#entry = parts.entry ?? threadEntry('../sandbox/engine/sandbox-thread');
  }

  /** Threads that run. */
  get size(): number {
    return this.#places.size;
  }

  /** Runs a job; never rejects. A job without `sandbox` is not for this pool. */
  async run(job: Job): Promise<JobResult> {
    if (!isSandboxed(job)) return failure(job, 'OPSBRO_PLUGIN_IMPORT', 'it has no approved code');
    if (this.#isClosing) return failure(job, 'OPSBRO_AGENT_BUSY', 'not run, the agent stops');
    if (this.#waiting.length >= mostWaiting)
      return failure(job, 'OPSBRO_AGENT_BUSY', `not run, ${mostWaiting} runs wait for a sandbox already`);
    this.#open += 1;
    try {
      return await this.#enqueue(job, false);
    } finally {
      this.#open -= 1;
      if (this.#open === 0) this.#drained?.();
    }
  }

  /** What a plugin used up and did; undefined for one that has not run. */
  figures(plugin: string): SandboxFigures | undefined {
    return this.#lodgers.get(plugin)?.ledger.figures(this.#parts.clock.monotonic());
  }

  /** Plugins whose memory has grown, for who guards that of the process: ending one lets its instance go, not its runs. */
  suspects(): MemorySuspect[] {
    return [...this.#lodgers].map(([plugin, { place, ledger }]) => ({
      id: `sandbox ${plugin}`,
      plugin,
      externalBytes: ledger.grownBytes,
      heldMs: 0,
      beat: 0,
      end() {
        place?.lane.forget(plugin);
        ledger.grownBytes = 0;
      },
    }));
  }

  /** Makes sure that the plugin's next run has its new code, and forgives what the old code did. Runs under way end in the old code. */
  invalidate(plugin: string): void {
    const lodger = this.#lodgers.get(plugin);
    if (lodger === undefined) return;
    lodger.isApart = false;
    this.#unpin(plugin, lodger);
    lodger.ledger.forgive();
    if (lodger.running === 0) this.#lodgers.delete(plugin);
  }

  /** Refuses new runs, waits for those under way up to the deadline, then ends all threads. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true;
    if (this.#open > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        this.#parts.clock.after(deadlineMs, resolve);
      });
    const ends = [...this.#places].map(({ lane }) => lane.stop());
    for (const waiting of this.#waiting.splice(0))
      waiting.resolve(failure(waiting.job, 'OPSBRO_AGENT_BUSY', 'not run, the agent stops'));
    this.#wake?.();
    await Promise.all(ends);
  }

  #enqueue(job: SandboxJob, isRepeated: boolean): Promise<JobResult> {
    return new Promise((resolve) => {
      this.#waiting.push({ job, since: this.#parts.clock.monotonic(), isRepeated, resolve });
      this.#pump();
    });
  }

  /** Gives every waiting run to its thread that has room for it. */
  #pump(): void {
    const now = this.#parts.clock.monotonic();
    const left: Waiting[] = [];
    for (const waiting of this.#waiting.splice(0)) {
      const lodger = this.#lodger(waiting.job.plugin);
      const place = lodger.running < mostOfPlugin ? this.#placeFor(waiting.job, lodger) : undefined;
      if (place !== undefined && place.lane.size < mostInThread) void this.#give(waiting, lodger, place);
      else if (now - waiting.since < longestWaitMs) left.push(waiting);
      else
        waiting.resolve(
          failure(waiting.job, 'OPSBRO_AGENT_BUSY', `not run, no sandbox took it within ${longestWaitMs} ms`),
        );
    }
    this.#waiting = [...left, ...this.#waiting];
    this.#arm(now);
  }

  async #give(waiting: Waiting, lodger: Lodger, { lane }: Place): Promise<void> {
    const { job } = waiting;
    const { clock } = this.#parts;
    const began = clock.monotonic();
    lodger.running += 1;
    this.#parts.onStart?.(job);
    const outcome = await lane.run(job, lodger.ledger.usedMs(began));
    lodger.running -= 1;
    const now = clock.monotonic();
    const tell = (reason: string | null): void => {
      if (reason !== null) this.#parts.onRepeated(job.plugin, reason);
    };
    if (outcome.ended === 'result') {
      tell(lodger.ledger.enter(outcome.usage, now));
      waiting.resolve(outcome.result);
    } else if (outcome.ended === 'killed') {
      lodger.isApart = true;
      tell(lodger.ledger.killed(outcome.cpuMs, now));
      waiting.resolve(killedResult(job, outcome, now - began));
    } else if (outcome.ended === 'starved') {
      // Not its doing, as far as anybody can see; should it be, it takes nobody along.
      lodger.isApart = true;
      waiting.resolve({ ...starvedResult(job, outcome), durationMs: now - began });
    } else {
      if (outcome.usage !== null) lodger.ledger.enter(outcome.usage, now);
      this.#repeat(waiting);
    }
    this.#pump();
  }

  /**
   * What does harm when it happens twice is not repeated, and nothing is repeated twice. A plugin that was there both times runs apart from
   * then on: should it be the cause, it takes nobody along.
   */
  #repeat({ job, isRepeated, resolve }: Waiting): void {
    const isHarmless = job.type !== 'handle' && job.type !== 'export';
    if (isRepeated) this.#lodger(job.plugin).isApart = true;
    if (isHarmless && !isRepeated && !this.#isClosing) void this.#enqueue(job, true).then(resolve);
    else
      resolve(failure(job, 'OPSBRO_PLUGIN_COLLATERAL', 'lost with the sandbox that another run took down'));
  }

  #lodger(plugin: string): Lodger {
    let lodger = this.#lodgers.get(plugin);
    if (lodger === undefined) {
      lodger = { place: undefined, isApart: false, running: 0, ledger: new Ledger() };
      this.#lodgers.set(plugin, lodger);
    }
    return lodger;
  }

  /** The plugin's thread; a plugin that is to run apart leaves the one it shares. */
  #placeFor({ plugin, sandbox }: SandboxJob, lodger: Lodger): Place {
    const { cpuMs, cpuPerMinuteMs } = sandbox.limits;
    const isApart = lodger.isApart || cpuMs > longSliceMs || cpuPerMinuteMs > longMinuteMs;
    if (lodger.place !== undefined && lodger.place.isApart !== isApart) this.#unpin(plugin, lodger);
    lodger.place ??= this.#choose(isApart);
    return lodger.place;
  }

  /** A thread that nobody is in, else a new one while there may be one, else the one with the fewest plugins. */
  #choose(isApart: boolean): Place {
    const pinned = (place: Place): number =>
      [...this.#lodgers.values()].filter((lodger) => lodger.place === place).length;
    const places = [...this.#places]
      .filter((place) => place.isApart === isApart)
      .sort((one, other) => pinned(one) - pinned(other));
    const most = isApart ? apartThreads : sharedThreads;
    const [best] = places;
    return best !== undefined && (pinned(best) === 0 || places.length >= most)
      ? best
      : this.#openPlace(isApart);
  }

  #openPlace(isApart: boolean): Place {
    const { clock, errand, threadData } = this.#parts;
    const lane: SandboxLane = new SandboxLane({
      entry: this.#entry,
      threadData,
      clock,
      errand,
      givesWay: isApart,
      gone: () => {
        this.#places.delete(place);
        for (const lodger of this.#lodgers.values()) if (lodger.place === place) lodger.place = undefined;
      },
    });
    const place: Place = { lane, isApart };
    this.#places.add(place);
    return place;
  }

  /** Nothing of a plugin stays in the thread that it leaves. A thread apart ends with the last that does. */
  #unpin(plugin: string, lodger: Lodger): void {
    const { place } = lodger;
    lodger.place = undefined;
    place?.lane.forget(plugin);
    if (place?.isApart !== true || place.lane.size > 0) return;
    if (![...this.#lodgers.values()].some((other) => other.place === place)) void place.lane.stop();
  }

  /** One timer, for the run that has waited longest. */
  #arm(now: number): void {
    this.#wake?.();
    this.#wake = undefined;
    const first = this.#waiting[0];
    if (first === undefined) return;
    this.#wake = this.#parts.clock.after(Math.max(1, first.since + longestWaitMs - now), () => this.#pump());
  }
}

function isSandboxed(job: Job): job is SandboxJob {
  return job.sandbox !== undefined;
}

function killedResult(
  job: SandboxJob,
  { cpuMs, died }: { cpuMs: number; died: boolean },
  durationMs: number,
): JobResult {
  const { sandbox } = job;
  if (died) return { ...failure(job, 'OPSBRO_PLUGIN_EXITED', 'its thread ended while it ran'), durationMs };
  const breach = breachOf('cpu', sandbox.limits, Math.max(cpuMs, sandbox.limits.cpuMs));
  const { code, message, data } = budgetError(breach);
  const error = {
    code,
    message: `its thread was terminated: ${message}`,
    ...(data !== undefined && { data }),
  };
  return { ...failure(job, 'OPSBRO_PLUGIN_BUDGET', ''), status: 'failed', error, durationMs };
}

function starvedResult(job: SandboxJob, { cpuMs, passedMs }: { cpuMs: number; passedMs: number }): JobResult {
  const [got, of] = [cpuMs, passedMs].map(Math.round);
  return failure(
    job,
    'OPSBRO_AGENT_BUSY',
    `ended: its sandbox got a processor for ${got} of ${of} ms, the host is overloaded`,
  );
}

function failure({ object }: { object: string }, code: ErrorCode, why: string): JobResult {
  const none = { logs: [], logsDropped: 0, heapUsedBytes: 0, heapLimitBytes: 0, durationMs: 0 };
  return { ...none, status: 'failed', error: { code, message: `${object}: ${why}` } };
}
