import { defineCollector } from 'opsbro/sdk';
import { asSnapshot, clusterFigures } from './figures.ts';

/** Yields what the snapshot `nodes` says, which the core adds to the options (`needs: [nodes]`); reads nothing itself. */
export default defineCollector({
  collect(ctx) {
    const snapshot = asSnapshot(ctx.options.facts);
    if (!snapshot) return ctx.notEligible('no service tells of a cluster; see gossip');
    return clusterFigures(snapshot);
  },
});
