import { defineCollector, type Json, type Tree } from 'opsbro/sdk';

/** Yields what the metric store published last, which the core adds to the options (`needs: [graphite]`); reads nothing itself. */
export default defineCollector({
  collect(ctx) {
    const tree = isTree(ctx.options.facts) ? ctx.options.facts.graphite : undefined;
    if (!isTree(tree)) return ctx.notEligible('no metric store runs');
    return tree;
  },
});

function isTree(value: Json | undefined): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
