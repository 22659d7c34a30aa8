import { defineCollector, type Tree } from 'opsbro/sdk';

const DIRECTORY = '/sys/class/dmi/id';
/** A sysfs attribute is one page at most; pages are 64 KiB on some arm64 and ppc64 kernels. */
const PAGE_BYTES = 65_536;

/** Yields every readable attribute of the kernel's DMI table, file name to text. Files only root may read are left out. */
export default defineCollector({
  async collect(ctx) {
    if (!(await ctx.stat(DIRECTORY))) return ctx.notEligible('this machine has no DMI table');
    const tree: Tree = {};
    for (const entry of await ctx.list(DIRECTORY)) {
      if (entry.type !== 'file') continue;
      const text = await ctx.tryReadText(`${DIRECTORY}/${entry.name}`, { maxBytes: PAGE_BYTES });
      if (text !== undefined) tree[entry.name] = text.trim();
    }
    return tree;
  },
});
