import type { CheckStatus } from '../model.ts';

/** The checks with figures of a run since a moment, by id and in no order: somebody may ask twice a second, of tens of thousands. */
export function measuredSince(verdicts: ReadonlyMap<string, CheckStatus>, since: number): string[] {
  const found: string[] = [];
  for (const [id, { perfdata, lastRun }] of verdicts)
    if (perfdata.length > 0 && lastRun !== null && lastRun >= since) found.push(id);
  return found;
}
