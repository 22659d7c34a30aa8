import type { TimerClock } from '../../core/clock.ts';
import { OpsbroError } from '../../core/errors.ts';
import type { DeadLetters } from './dead-letters.ts';
import { type Batch, entryKey, entryValue, type OutboxEntry } from './entry.ts';
import type { Lane } from './lane.ts';

/** What somebody's hand reaches of an outbox. */
export interface Reach {
  clock: TimerClock;
  /** Rejects, and keeps nothing, where the disk does not have it. */
  store: { putOrNothing(batch: Batch): Promise<void> };
  lanes: ReadonlyMap<string, Lane>;
  dead: DeadLetters;
  /** Whether its handler is not configured any more. */
  isGone(entry: OutboxEntry): boolean;
  /** Has an entry that is stored wait for its handler. */
  enter(entry: OutboxEntry): void;
  /** Starts what may go. */
  pump(): void;
}

/**
 * Tries entries again now, dead ones too; without serials all but those of handlers that are gone. Gives how many. What was dead waits again once
 * that is on the disk. Rejects with nothing changed: OPSBRO_API_NOT_FOUND, OPSBRO_API_INVALID for one that nobody would come for, and what
 * the store says.
 */
export async function retryByHand(reach: Reach, serials: readonly number[] | null): Promise<number> {
  const { dead, isGone } = reach;
  refuseUnknown(reach, serials);
  const meant = dead.all(serials);
  const gone = meant.filter(isGone);
  if (serials !== null && gone.length > 0) {
    const named = gone.map(({ serial, handler }) => `${serial} is for ${handler}`).join(', ');
    throw invalid(`${named}, which is not configured any more; put its file back, or drop it`);
  }
  const there = meant.filter((entry) => !isGone(entry));
  const again = there.map((entry) => ({ ...entry, attempts: 0, ageMs: 0 }));
  if (again.length > 0)
    await commit(reach, {
      put: again.map((entry) => [entryKey('outbox', entry), entryValue(entry)]),
      del: there.map((entry) => entryKey('dead', entry)),
    });
  const woken = wake(reach, serials);
  dead.remove(there);
  for (const entry of again) reach.enter(entry);
  for (const { handler } of again) wakeLane(reach.lanes.get(handler));
  reach.pump();
  return again.length + woken;
}

/**
 * Takes entries out for good; all dead ones without serials. Gives how many. Meanwhile none of them sets out. Rejects with nothing changed:
 * OPSBRO_API_NOT_FOUND, OPSBRO_API_INVALID for one that is on its way, and what the store says.
 */
export async function dropByHand(reach: Reach, serials: readonly number[] | null): Promise<number> {
  const { dead, lanes, pump } = reach;
  refuseUnknown(reach, serials);
  const buried = dead.all(serials);
  const waiting = [...lanes.values()].flatMap((lane) =>
    [...lane.all()].filter(({ entry }) => serials?.includes(entry.serial)).map((each) => ({ lane, each })),
  );
  const out = waiting.filter(({ lane, each }) => lane.delivering === each.entry.serial);
  if (out.length > 0)
    throw invalid(`${out.map(({ each }) => each.entry.serial).join(', ')} is on its way at this moment`);
  const del = [
    ...buried.map((entry) => entryKey('dead', entry)),
    ...waiting.map(({ each: { entry } }) => entryKey('outbox', entry)),
  ];
  if (del.length === 0) return 0;
  for (const { each } of waiting) each.isHeld = true;
  try {
    await commit(reach, { del });
    dead.remove(buried);
    for (const { lane, each } of waiting) lane.remove(each);
  } finally {
    for (const { each } of waiting) each.isHeld = false;
    pump();
  }
  return del.length;
}

/** What waits for its time waits no longer. Gives how many did. */
function wake({ clock, lanes }: Reach, serials: readonly number[] | null): number {
  const now = clock.monotonic();
  let count = 0;
  for (const lane of lanes.values()) {
    const meant = [...lane.all()].filter(({ entry }) => serials?.includes(entry.serial) ?? true);
    count += meant.filter((each) => Math.max(each.notBeforeMs, lane.notBeforeMs) > now).length;
    for (const waiting of meant) waiting.notBeforeMs = 0;
    if (meant.length > 0) wakeLane(lane);
  }
  return count;
}

function wakeLane(lane: Lane | undefined): void {
  if (lane !== undefined) lane.notBeforeMs = 0;
}

async function commit({ store }: Reach, batch: Batch): Promise<void> {
  try {
    await store.putOrNothing(batch);
  } catch (error) {
    if (!(error instanceof OpsbroError)) throw error;
    const message = `nothing is changed, do it again later: ${error.message}`;
    throw new OpsbroError(error.code, message, { cause: error });
  }
}

function refuseUnknown({ dead, lanes }: Reach, serials: readonly number[] | null): void {
  if (serials === null) return;
  const waiting = [...lanes.values()].flatMap((lane) => [...lane.all()].map(({ entry }) => entry.serial));
  const there = new Set([...dead.all().map(({ serial }) => serial), ...waiting]);
  const lost = serials.filter((serial) => !there.has(serial));
  if (lost.length === 0) return;
  throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no notification ${lost.join(', ')} in the outbox`);
}

function invalid(what: string): OpsbroError {
  return new OpsbroError('OPSBRO_API_INVALID', `nothing is changed: notification ${what}`);
}
