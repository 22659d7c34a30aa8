import type { HistoryView } from '../../../control/shapes.ts';
import type { SeenChange } from '../live/board.ts';
import { type ShownState, shownState, shownStates } from '../live/fact.ts';

/** A change of a check as the overview lists it. */
export interface ChangeRow {
  at: number;
  id: string;
  name: string;
  from: ShownState;
  to: ShownState;
  output: string;
}

const mostShown = 100;

/** What changed, newest first: what the page saw itself, before that what the agent remembers of the time until `beganAt`. */
export function changeRows(
  seen: readonly SeenChange[],
  remembered: HistoryView['entries'],
  beganAt: number,
): ChangeRow[] {
  const rows = seen.map(({ at, id, from, to }): ChangeRow => {
    const name = to.pack === 'push' ? to.name : to.display_name;
    const before = from === undefined ? 'pending' : shownState(from);
    return { at, id, name, from: before, to: shownState(to), output: to.output };
  });
  for (let index = remembered.length - 1; index >= 0 && rows.length < mostShown; index -= 1) {
    const row = rememberedRow(remembered[index]);
    if (row !== undefined && row.at < beganAt) rows.push(row);
  }
  return rows.slice(0, mostShown);
}

/** What is known of it again, or a step of the same state, is no change that anybody looks for. */
function rememberedRow(entry: HistoryView['entries'][number] | undefined): ChangeRow | undefined {
  if (entry === undefined || entry.old_state === entry.state) return undefined;
  const { at, id, name, old_state: from, state: to, log } = entry;
  if (!isShown(from) || !isShown(to)) return undefined;
  return { at: Date.parse(at), id, name, from, to, output: log };
}

function isShown(state: string): state is ShownState {
  return (shownStates as readonly string[]).includes(state);
}
