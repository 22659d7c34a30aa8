import type { Flapping, FlappingPolicy } from '../model.ts';

const kept = 20;
/** The oldest change weighs 0.8, the newest 1.2; as whole numbers, so that thresholds are compared exactly. */
const oldestWeight = 38;
const fullWeight = 950;

/**
 * How much a check changes after one more run, by Nagios' rule: flapping begins above `high` and ends below `low`
 * (https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/flapping.html).
 */
export function nextFlapping(before: Flapping, changed: boolean, policy: FlappingPolicy): Flapping {
  const history = (before.history + (changed ? '1' : '0')).slice(-kept);
  const percent = percentOf(history);
  if (!policy.enabled) return { is: false, history, percent };
  const is = percent > policy.high || (before.is && percent >= policy.low);
  return { is, history, percent };
}

/** The weighted share of changes of a history, oldest first; runs that were not made yet count as unchanged. */
export function percentOf(history: string): number {
  let weight = 0;
  for (let index = history.indexOf('1'); index >= 0; index = history.indexOf('1', index + 1))
    weight += oldestWeight + kept - history.length + index;
  return Math.round((weight * 10_000) / fullWeight) / 100;
}
