import type { Context, Tree } from 'opsbro/sdk';
import { askMounts, type Pause } from './ask.ts';
import { chooseMounts } from './choose.ts';
import { parseMountinfo } from './mountinfo.ts';
import { usage } from './space.ts';

/** Options of the collector: what to leave out. */
export interface DiskOptions {
  exclude_types: string[];
  exclude_mounts: string[];
}

/** One row per mounted file system that answers, keyed by mount point, local ones first. */
export async function collectUsage(ctx: Context<DiskOptions>, pause: Pause): Promise<Tree> {
  // A container that watches its host has mounts of its own; the host's are those of its first process.
  const path = ctx.env('HOST_PROC') === undefined ? '/proc/self/mountinfo' : '/proc/1/mountinfo';
  const text = await ctx.tryReadText(path, { maxBytes: 16 * 1024 * 1024 });
  if (text === undefined) return ctx.notEligible(`${path} is not readable`);
  const { exclude_types: types, exclude_mounts: mounts } = ctx.options;
  const chosen = chooseMounts(parseMountinfo(text), { types, mounts });
  if (chosen.length === 0) return ctx.notEligible(`${path} lists no file system that stores anything`);
  const answers = await askMounts(ctx, chosen, pause);
  const tree: Tree = {};
  for (const mount of chosen) {
    const stat = answers.get(mount);
    const row = stat && usage(mount, stat);
    if (row !== undefined) tree[mount.point] = row;
  }
  return tree;
}
