import type { Context, Json, JsonObject } from 'opsbro/sdk';
import type { Mount } from './mountinfo.ts';

const firstRetryMs = 60_000;
const longestRetryMs = 3_600_000;

/** What is remembered of a mount that did not answer, on the monotonic clock. */
interface HungMount extends JsonObject {
  retryAtMs: number;
  waitMs: number;
}

/** Memory of the mounts that did not answer: who waits how long until asked again. */
export class HungMounts {
  readonly #hung = new Map<string, HungMount>();
  readonly #nowMs: number;

  /** `kept` is whatever an earlier run left in `ctx.state`; mounts that no longer exist are forgotten. */
  constructor(kept: Json | undefined, mounts: readonly Mount[], nowMs: number) {
    this.#nowMs = nowMs;
    const points = new Set(mounts.map((mount) => mount.point));
    for (const [point, entry] of Object.entries(asObject(kept))) {
      const { retryAtMs, waitMs } = asObject(entry);
      if (points.has(point) && typeof retryAtMs === 'number' && typeof waitMs === 'number')
        this.#hung.set(point, { retryAtMs, waitMs });
    }
  }

  /** How many mounts are remembered. */
  get size(): number {
    return this.#hung.size;
  }

  has(mount: Mount): boolean {
    return this.#hung.has(mount.point);
  }

  /** Says whether it is too early to ask a mount again. */
  isResting(mount: Mount): boolean {
    const hung = this.#hung.get(mount.point);
    // More than its own wait ahead was written by an earlier process, on a clock with another start.
    return hung !== undefined && hung.retryAtMs > this.#nowMs && hung.retryAtMs - this.#nowMs <= hung.waitMs;
  }

  /** Makes a mount wait 1 min, or twice as long as the last time, at most 1 h. */
  add(mount: Mount): void {
    const waitMs = Math.min(longestRetryMs, (this.#hung.get(mount.point)?.waitMs ?? firstRetryMs / 2) * 2);
    this.#hung.set(mount.point, { retryAtMs: this.#nowMs + waitMs, waitMs });
  }

  remove(mount: Mount): void {
    this.#hung.delete(mount.point);
  }

  /** What to keep in `ctx.state`. */
  toState(): JsonObject {
    return Object.fromEntries(this.#hung);
  }
}

/**
 * How many threads of this process sleep in the kernel for a disk or a server (D), or wait for a FUSE program; infinitely many
 * when they cannot be looked at.
 */
export async function countHangingThreads(ctx: Context<unknown>): Promise<number> {
  const tasks = await ctx.list('/proc/self/task').catch(() => undefined);
  ctx.signal.throwIfAborted();
  if (tasks === undefined) return Number.POSITIVE_INFINITY;
  let hanging = 0;
  for (const { name } of tasks) {
    const stat = (await ctx.tryReadText(`/proc/self/task/${name}/stat`)) ?? '';
    const waitsIn = (await ctx.tryReadText(`/proc/self/task/${name}/wchan`)) ?? '';
    if (/\) D /.test(stat) || /request_wait_answer|fuse/.test(waitsIn)) hanging++;
  }
  return hanging;
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}
