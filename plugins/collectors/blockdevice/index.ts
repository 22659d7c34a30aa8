import { type DirectoryEntry, defineCollector, type Tree } from 'opsbro/sdk';
import { describeDisk, isVirtualName } from './block-device.ts';

/** So many disks are described; more would not be read within the timeout. */
const maxDisks = 1000;

export default defineCollector({
  async collect(ctx) {
    let entries: DirectoryEntry[];
    try {
      entries = await ctx.list('/sys/block');
    } catch (thrown) {
      if (ctx.signal.aborted) throw thrown;
      return ctx.notEligible('/sys/block cannot be listed');
    }
    const tree: Tree = {};
    for (const { name } of entries.slice(0, maxDisks)) {
      const disk = isVirtualName(name) ? undefined : await describeDisk(ctx, name);
      // sysfs cannot hold a slash in a name and writes an exclamation mark.
      if (disk !== undefined) tree[name.replaceAll('!', '/')] = disk;
    }
    return Object.keys(tree).length > 0 ? tree : ctx.notEligible('/sys/block lists no disk');
  },
});
