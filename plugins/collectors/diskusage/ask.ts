import type { Context, FileSystemStat } from 'opsbro/sdk';
import { isRemote } from './choose.ts';
import { countHangingThreads, HungMounts } from './hung-mounts.ts';
import type { Mount } from './mountinfo.ts';

/** Resolves after `ms`, rejects when the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const deadlineMs = 1000;

/** No mount is asked later than this after the start, so that a slow server does not cost the whole run. */
const lastStartMs = 3000;

/**
 * A call that hangs holds one of the process's four threads for file access and cannot be called back, so no more than this many
 * may hang on servers; one more may on a local disk.
 */
const maxHanging = 2;

/**
 * Asks the mounts for their figures: local ones one after the other, beside them two servers at a time, each call with a deadline
 * of 1 s. A mount that does not answer or refuses is missing from the result, with the other mounts of its server when that does
 * not answer; nobody else pays. Who did not answer is asked again once a call that hung has come back; a server also gets 1 min,
 * then 2 … 60 min of rest. `ctx.state.hung` remembers them.
 */
export async function askMounts(
  ctx: Context<unknown>,
  mounts: readonly Mount[],
  pause: Pause,
): Promise<Map<Mount, FileSystemStat>> {
  const startMs = ctx.clock.monotonic();
  const hung = new HungMounts(ctx.state.hung, mounts, startMs);
  const hanging = hung.size > 0 ? await countHangingThreads(ctx) : 0;
  const mayRetry = hanging < hung.size;
  const isBarred = (mount: Mount) =>
    hung.has(mount) && (!mayRetry || (isRemote(mount) && hung.isResting(mount)));
  const groups = groupByServer(mounts).filter((group) => !group.some(isBarred));
  const answers = new Map<Mount, FileSystemStat>();
  const lane = async (queue: Mount[][]) => {
    for (let group = queue.shift(); group !== undefined; group = queue.shift())
      for (const mount of group) {
        if (ctx.clock.monotonic() - startMs > lastStartMs) return;
        const answer = await withDeadline(ctx, mount.point, pause);
        if (answer === 'hung') {
          hung.add(mount);
          ctx.log.warn(`${mount.point} does not answer`, { type: mount.type, device: mount.device });
          // The lane's thread now hangs in this call.
          return;
        }
        hung.remove(mount);
        if (answer !== 'refused') answers.set(mount, answer);
      }
  };
  const remote = groups.filter(([first]) => first !== undefined && isRemote(first));
  const local = groups.filter((group) => !remote.includes(group));
  const lanes = hanging <= maxHanging ? [lane(local)] : [];
  for (let free = maxHanging - hanging; free > 0; free--) lanes.push(lane(remote));
  await Promise.all(lanes);
  ctx.state.hung = hung.toState();
  return answers;
}

/** Mounts of one server stand or fall together; each local mount stands alone. */
function groupByServer(mounts: readonly Mount[]): Mount[][] {
  const groups = new Map<string, Mount[]>();
  for (const mount of mounts) {
    const server = mount.device.replace(/^\/\//, '').split(/[:/]/)[0];
    const key = isRemote(mount) && server ? `server ${server}` : `mount ${mount.point}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [mount]);
    else group.push(mount);
  }
  return [...groups.values()];
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
