import type { Context, DirectoryEntry, Tree } from 'opsbro/sdk';
import { type Addresses, describeInterface } from './interface.ts';

/** So many interfaces are described; more would not be read within the timeout. */
const maxInterfaces = 500;

/** One entry per interface of `/sys/class/net`. `addresses` reads this machine's address table. */
export async function collectInterfaces(ctx: Context, addresses: () => Addresses): Promise<Tree> {
  let entries: DirectoryEntry[];
  try {
    entries = await ctx.list('/sys/class/net');
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return ctx.notEligible('/sys/class/net cannot be listed');
  }
  // Some drivers put plain files such as bonding_masters beside the interfaces.
  const names = entries.filter((entry) => entry.type !== 'file').map((entry) => entry.name);
  if (names.length > maxInterfaces)
    ctx.log.warn('more interfaces than are described', { found: names.length, described: maxInterfaces });
  const table = addresses();
  const tree: Tree = {};
  for (const name of names.slice(0, maxInterfaces)) {
    const row = await describeInterface(ctx, name, table);
    if (row !== undefined) tree[name] = row;
  }
  return Object.keys(tree).length > 0 ? tree : ctx.notEligible('/sys/class/net lists no interface');
}
