import { type Context, counterChange, counterSample, defineCollector } from 'opsbro/sdk';
import type { Figures } from './figures.ts';
import { type Membership, parseMembership, type ReadFile } from './membership.ts';
import { countersOf, describe } from './shares.ts';
import { readVersion1 } from './version1.ts';
import { readVersion2 } from './version2.ts';

const MOUNT = '/sys/fs/cgroup';

interface Reading {
  version: 1 | 2;
  path: string;
  figures: Figures;
}

async function readGroup(ctx: Context, membership: Membership): Promise<Reading> {
  const read: ReadFile = (path) => ctx.tryReadText(path);
  // Where both versions are mounted (systemd's hybrid layout) the controllers, and so the limits, are version 1's.
  if (await ctx.stat(`${MOUNT}/cgroup.controllers`)) {
    const path = membership.unified ?? '/';
    return { version: 2, path, figures: await readVersion2(MOUNT, path, read) };
  }
  const path = membership.controllers.memory ?? membership.controllers.cpu ?? '/';
  return { version: 1, path, figures: await readVersion1(MOUNT, membership, read) };
}

/** Yields limits and use of the agent's own group; not eligible where no control group accounts for it. */
export default defineCollector({
  async collect(ctx) {
    const text = await ctx.tryReadText('/proc/self/cgroup');
    if (text === undefined) return ctx.notEligible('this kernel has no control groups');
    const { version, path, figures } = await readGroup(ctx, parseMembership(text));
    if (Object.keys(figures).length === 0)
      return ctx.notEligible(`no control group under ${MOUNT} accounts for the agent`);
    const sample = counterSample(ctx.clock, countersOf(figures));
    const change = ctx.state.path === path ? counterChange(ctx.state.sample, sample) : undefined;
    Object.assign(ctx.state, { path, sample });
    return { version, path, ...describe(figures, change) };
  },
});
