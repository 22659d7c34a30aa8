import type { ExactStore } from 'opsbro/sdk';
import type { Run, State, StateRow } from '../model.ts';
import { type KeptService, keyOf, readRun } from './records.ts';
import type { Past } from './storage.ts';

/** Runs that are looked back on. */
const mostRuns = 1000;

/** The rows that are kept of a service, by their ids, and its runs, back to `since`, epoch ms. */
export async function pastOf(
  store: ExactStore,
  { run, ids }: { run: KeptService['run']; ids: readonly number[] },
  since: number,
): Promise<Past> {
  const values = await store.getMany(ids.map((id) => keyOf.row(id)));
  const rows = values.flatMap((value, index): StateRow[] => {
    if (value === undefined) return [];
    const [, at, state, info] = value as [number, number, State, string];
    return at < since ? [] : [{ id: ids[index] as number, at, state, info }];
  });
  return { rows, runs: await runsOf(store, run, since) };
}

async function runsOf(store: ExactStore, current: Run | null, since: number): Promise<Run[]> {
  const runs: Run[] = [];
  for (let run = current; run !== null && run.lastAt >= since && runs.length < mostRuns; ) {
    runs.push({ ...run });
    const before = run.prev === 0 ? undefined : await store.get(keyOf.run(run.prev));
    run = before === undefined ? null : readRun(before);
  }
  return runs.reverse();
}
