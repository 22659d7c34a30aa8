import type { Context, FileSystemStat, Json, JsonObject } from 'opsbro/sdk';
import type { Mount } from './mountinfo.ts';

/** Resolves after `ms`, rejects when the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const deadlineMs = 1000;
const firstRetryMs = 60_000;
const longestRetryMs = 3_600_000;

/** What is remembered of a mount that did not answer, on the monotonic clock. */
interface Hung extends JsonObject {
  retryAtMs: number;
  waitMs: number;
}

/**
 * Asks the mounts for their figures, two at a time, each with a deadline of 1 s. A mount that does not answer or refuses is
 * missing from the result and costs no other its place. One that did not answer is asked again after 1 min, then 2 … 60 min,
 * and only once the thread that asked is free. `ctx.state.hung` remembers them.
 */
export async function askMounts(
  ctx: Context<unknown>,
  mounts: readonly Mount[],
  pause: Pause,
): Promise<Map<Mount, FileSystemStat>> {
  const hung = await hungMounts(ctx, mounts);
  const queue = mounts.filter((mount) => !isResting(hung.get(mount.point), ctx.clock.monotonic()));
  const answers = new Map<Mount, FileSystemStat>();
  // A call that hangs holds one of the process's few threads for file access and cannot be called back, so a lane that meets
  // one ends: no more than two hang in one run, and the rest waits for the next.
  const lane = async () => {
    for (let mount = queue.shift(); mount !== undefined; mount = queue.shift()) {
      const answer = await withDeadline(ctx, mount.point, pause);
      if (answer === 'hung') {
        const waitMs = Math.min(longestRetryMs, (hung.get(mount.point)?.waitMs ?? firstRetryMs / 2) * 2);
        hung.set(mount.point, { retryAtMs: ctx.clock.monotonic() + waitMs, waitMs });
        ctx.log.warn(`${mount.point} does not answer`, { type: mount.type, device: mount.device });
        return;
      }
      hung.delete(mount.point);
      if (answer !== 'refused') answers.set(mount, answer);
    }
  };
  await Promise.all([lane(), lane()]);
  ctx.state.hung = Object.fromEntries(hung);
  return answers;
}

async function withDeadline(
  ctx: Context<unknown>,
  point: string,
  pause: Pause,
): Promise<FileSystemStat | 'hung' | 'refused'> {
  const answered = new AbortController();
  const late = pause(deadlineMs, AbortSignal.any([ctx.signal, answered.signal])).then(() => 'hung' as const);
  const answer = ctx.statFileSystem(point);
  // The loser of the race may still reject, with nobody listening.
  late.catch(() => {});
  answer.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return 'refused';
  } finally {
    answered.abort();
  }
}

/** What is remembered of mounts that still exist. While a thread hangs, their turn is put off. */
async function hungMounts(ctx: Context<unknown>, mounts: readonly Mount[]): Promise<Map<string, Hung>> {
  const points = new Set(mounts.map((mount) => mount.point));
  const kept = Object.entries(asObject(ctx.state.hung)).filter(
    (entry): entry is [string, Hung] => points.has(entry[0]) && typeof asObject(entry[1]).waitMs === 'number',
  );
  const nowMs = ctx.clock.monotonic();
  const isDue = kept.some(([, hung]) => !isResting(hung, nowMs));
  if (!isDue || !(await hasHangingThread(ctx))) return new Map(kept);
  return new Map(kept.map(([point, hung]) => [point, { ...hung, retryAtMs: nowMs + hung.waitMs }]));
}

function isResting(hung: Hung | undefined, nowMs: number): boolean {
  // More than its own wait ahead: written by an earlier process, whose clock had another start and whose threads are gone.
  return hung !== undefined && hung.retryAtMs > nowMs && hung.retryAtMs - nowMs <= hung.waitMs;
}

/** Says whether a thread of this process sleeps in the kernel for a disk or a server (D), or waits for a FUSE program. */
async function hasHangingThread(ctx: Context<unknown>): Promise<boolean> {
  const tasks = await ctx.list('/proc/self/task').catch(() => undefined);
  ctx.signal.throwIfAborted();
  if (tasks === undefined) return true;
  for (const { name } of tasks) {
    const stat = (await ctx.tryReadText(`/proc/self/task/${name}/stat`)) ?? '';
    const waitsIn = (await ctx.tryReadText(`/proc/self/task/${name}/wchan`)) ?? '';
    if (/\) D /.test(stat) || /request_wait_answer|fuse/.test(waitsIn)) return true;
  }
  return false;
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}
