import { startOurs } from './ours.ts';
import { type RoundFigures, type RoundPlan, runRound } from './round.ts';
import { startSerf } from './serf.ts';

/** What a driver is asked to run. */
export interface DriverJob {
  side: 'ours' | 'serf';
  plan: RoundPlan;
}

/** What comes of it. */
export type DriverAnswer = { figures: RoundFigures } | { error: string };

// A process of its own, since it may stand in a network namespace of its own. Who asked is gone: so are the members.
process.once('disconnect', () => process.exit());
process.once('message', async ({ side, plan }: DriverJob) => {
  const answer: DriverAnswer = await runRound(side === 'ours' ? startOurs : startSerf, plan).then(
    (figures) => ({ figures }),
    (error: Error) => ({ error: error.message }),
  );
  process.send?.(answer, () => process.exit());
});
