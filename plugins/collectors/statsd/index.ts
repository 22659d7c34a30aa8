import { defineCollector, type Json, type Tree } from 'opsbro/sdk';

/** Yields what the listener published last, which the core adds to the options (`needs: [statsd]`); reads nothing itself. */
export default defineCollector({
  collect(ctx) {
    const tree = isTree(ctx.options.facts) ? ctx.options.facts.statsd : undefined;
    if (!isTree(tree)) return ctx.notEligible('no statsd listener runs, or its first interval has not ended');
    return tree;
  },
});

function isTree(value: Json | undefined): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
