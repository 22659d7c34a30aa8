import { defineCollector } from 'opsbro/sdk';
import { parseEnforce } from './mode.ts';

/** selinuxfs is mounted at /sys/fs/selinux since Linux 3.0, at /selinux before. */
const MOUNTS = ['/sys/fs/selinux', '/selinux'];

/** Yields `enabled` and `mode`; a host without SELinux is a finding (`disabled`), not an error. */
export default defineCollector({
  async collect(ctx) {
    for (const mount of MOUNTS) {
      const text = await ctx.tryReadText(`${mount}/enforce`, { maxBytes: 4096 });
      if (text !== undefined) return { enabled: true, mode: parseEnforce(text) };
      if (await ctx.stat(`${mount}/enforce`)) return { enabled: true, mode: 'unknown' };
    }
    return { enabled: false, mode: 'disabled' };
  },
});
