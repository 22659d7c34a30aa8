import { defineCollector, type Tree } from 'opsbro/sdk';
import { withoutKeyType } from './key.ts';

const KEY_TYPES = ['rsa', 'dsa', 'ecdsa', 'ed25519'];

/** Yields the public host keys that /etc/ssh holds; absent or malformed files are left out. */
export default defineCollector({
  async collect(ctx) {
    const tree: Tree = {};
    for (const type of KEY_TYPES) {
      const text = await ctx.tryReadText(`/etc/ssh/ssh_host_${type}_key.pub`, { maxBytes: 65_536 });
      const key = text === undefined ? undefined : withoutKeyType(text);
      if (key !== undefined) tree[`host_${type}_key_pub`] = key;
    }
    if (Object.keys(tree).length === 0) return ctx.notEligible('/etc/ssh holds no public host key');
    return tree;
  },
});
