import { type CheckFact, type ShownState, severity, shownState, shownStates } from '../live/fact.ts';

/** A check as lists show it. */
export interface CheckRow {
  id: string;
  name: string;
  /** The host that it tells of. */
  host: string;
  pack: string;
  state: ShownState;
  /** Not confirmed yet: nobody was told. */
  isSoft: boolean;
  /** Its data is late. */
  isStale: boolean;
  output: string;
  /** Epoch ms; null before its first run. */
  since: number | null;
}

/** What a list of checks leaves in. '' and an empty set leave everything in. */
export interface CheckFilter {
  text: string;
  states: ReadonlySet<ShownState>;
  host: string;
  pack: string;
}

/** How many checks are in each state. */
export type StateCounts = { [state in ShownState]: number };

/** What lists of checks are sorted by. */
export type CheckOrder = 'severity' | 'name' | 'since';

/** The host that a check tells of: the server that pushed it, else the own one. */
export function hostOf({ pack, labels }: CheckFact, own: string): string {
  return pack === 'push' && labels.server !== undefined ? labels.server : own;
}

/** A check as lists show it; `own` is the name of this host. */
export function checkRow(check: CheckFact, own: string): CheckRow {
  const isPushed = check.pack === 'push' && check.labels.service !== undefined;
  return {
    id: check.id,
    name: isPushed ? (check.labels.service ?? check.name) : check.display_name,
    host: hostOf(check, own),
    pack: check.pack,
    state: shownState(check),
    isSoft: !check.hard,
    isStale: check.stale,
    output: check.output,
    since: check.since,
  };
}

/** The rows that a filter leaves in; each word of its text must stand in one of the texts of a row. */
export function filteredRows(rows: readonly CheckRow[], filter: CheckFilter): CheckRow[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (filter.states.size > 0 && !filter.states.has(row.state)) return false;
    if (filter.host !== '' && row.host !== filter.host) return false;
    if (filter.pack !== '' && row.pack !== filter.pack) return false;
    if (words.length === 0) return true;
    const text = `${row.name}\n${row.host}\n${row.id}\n${row.output}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

const comparisons: { [order in CheckOrder]: (one: CheckRow, other: CheckRow) => number } = {
  severity: (one, other) =>
    severity(one.state) - severity(other.state) || byTime(one, other) || byName(one, other),
  name: (one, other) => byName(one, other),
  since: (one, other) => byTime(one, other) || byName(one, other),
};

function byTime(one: CheckRow, other: CheckRow): number {
  return (other.since ?? 0) - (one.since ?? 0);
}

/** Not by locale: twenty thousand of those comparisons take a second. */
function byName(one: CheckRow, other: CheckRow): number {
  if (one.host !== other.host) return one.host < other.host ? -1 : 1;
  return one.name === other.name ? 0 : one.name < other.name ? -1 : 1;
}

/** The rows in an order: the worst first, by name, or the youngest change first. */
export function sortedRows(rows: readonly CheckRow[], order: CheckOrder): CheckRow[] {
  return [...rows].sort(comparisons[order]);
}

/** How many rows are in each state. */
export function stateCounts(rows: readonly { state: ShownState }[]): StateCounts {
  const counts = Object.fromEntries(shownStates.map((state) => [state, 0])) as StateCounts;
  for (const { state } of rows) counts[state] += 1;
  return counts;
}

/** The worst of states that some row is in; `pending` where there is none. */
export function worstOf(counts: StateCounts): ShownState {
  const told = shownStates.find((state) => state !== 'pending' && counts[state] > 0);
  return told ?? 'pending';
}

/** How many are in which state, in words, the worst first: `2 critical, 17 ok`. */
export function countsText(counts: StateCounts): string {
  const told = shownStates.filter((state) => counts[state] > 0);
  return told.length === 0 ? 'no checks' : told.map((state) => `${counts[state]} ${state}`).join(', ');
}
