import { readDetail } from '../alerting/history/change-detail.ts';
import type { RecordedChange } from '../alerting/history/report.ts';
import { type CheckStatus, pendingStatus } from '../alerting/model.ts';
import type { Downtime } from '../alerting/suppression/model.ts';
import { readDowntime } from '../alerting/suppression/request.ts';
import type { Notified, RecordedLife } from './model.ts';

/** An entry of an agent's history, as its route gives it. */
export interface HistoryEntry {
  at: string;
  id: string;
  name: string;
  old_state: string;
  state: string;
  log: string;
  cause?: string;
  hard?: boolean;
  old_hard_state?: string;
  hard_state?: string;
  attempt?: number;
  episode?: number;
  stale?: boolean;
  match?: string[];
}

/** What an agent says of a check's present state. */
export interface PresentState {
  hard_state: CheckStatus['hardState'];
  hard_since: string | null;
  stale: boolean;
}

/** The real life of a check, from what its agent tells of it. */
export function recordedLife(
  present: PresentState,
  entries: readonly HistoryEntry[],
  told: readonly (Omit<Notified, 'at'> & { at: string })[],
): RecordedLife {
  const { hard_state: hardState, hard_since: since, stale } = present;
  const hardSince = since === null ? null : Date.parse(since);
  return {
    status: { ...pendingStatus, state: hardState, hardState, hardSince, since: hardSince, stale },
    changes: entries.map(changeOf),
    notifications: told.map(({ at, handler, state, reason }) => ({
      at: Date.parse(at),
      handler,
      state,
      reason,
    })),
  };
}

function changeOf(entry: HistoryEntry): RecordedChange & { output: string } {
  const { at, id, old_state: oldState, state, log } = entry;
  const detail = {
    ...entry,
    oldHardState: entry.old_hard_state ?? oldState,
    hardState: entry.hard_state ?? state,
  };
  return {
    ...readDetail(JSON.parse(JSON.stringify(detail)), oldState, state),
    id,
    at: Date.parse(at),
    output: log,
  };
}

/**
 * The downtimes and silences that people gave by command, from the history of what held notifications back: each as a downtime of the time that
 * it really held. Those of files have a path for an id, and are those of the configuration.
 */
export function commandedDowntimes(entries: readonly HistoryEntry[], until: number): Downtime[] {
  const open = new Map<string, HistoryEntry>();
  const found: Downtime[] = [];
  const close = ({ at, id, name, match = [], log }: HistoryEntry, end: number): void => {
    const from = Date.parse(at);
    if (end <= from || match.length === 0) return;
    const keys = {
      match,
      from: at,
      until: new Date(end).toISOString(),
      comment: `${name}: ${log}`.slice(0, 1000),
    };
    found.push(readDowntime(keys, { id: `${id}@${from}`, at: from, origin: 'command', by: 'command' }));
  };
  for (const entry of entries) {
    const { id, name, state, at } = entry;
    if (name === 'acknowledgement' || id.includes('/')) continue;
    const begun = open.get(id);
    if (state === 'started') open.set(id, entry);
    else if (begun !== undefined) {
      close(begun, Date.parse(at));
      open.delete(id);
    }
  }
  for (const entry of open.values()) close(entry, until);
  return found;
}
