import { defineDetector } from 'opsbro/sdk';
import type { Options } from './plugin.d.ts';

/** Fourth column of `/proc/net/if_inet6`: the scope of an address. */
const globalScope = '00';

export default defineDetector<Options>({
  async detect(ctx) {
    const text = await ctx.tryReadText('/proc/net/if_inet6');
    if (text === undefined) return ctx.notEligible('this kernel has no IPv6');
    const scopes = text.split('\n').map((line) => line.trim().split(/\s+/)[3]);
    return scopes.includes(globalScope) ? [ctx.options.group] : [];
  },
});
