import type { Json, JsonObject } from 'opsbro/sdk';
import { type AlertRow, type Run, type ServiceFacts, type StateRow, severityOf } from '../model.ts';
import type { Past } from '../storage/storage.ts';
import { timeText } from './times.ts';

/** How a history is asked for. */
export interface StatesQuestion {
  groups: boolean;
  /** Ranges of ids whose groups are opened. */
  expand: [low: number, high: number][];
}

/** A stretch of rows of equal state, of which some are no longer kept. */
interface Stretch {
  state: Run['state'];
  /** In the order of ids. */
  rows: StateRow[];
  /** Ids and number of those that are not among them. */
  lost: { low: number; high: number; count: number } | null;
}

/**
 * The states of a service, newest first. With `groups` a stretch of equal states without alerts in between is its first row, a group, and
 * its last. Of what is no longer kept a group tells how much it was, also when it is opened.
 */
export function statesView(
  service: ServiceFacts,
  { rows, runs }: Past,
  alerts: AlertRow[],
  asked: StatesQuestion,
): Json {
  const byRow = new Map<number, AlertRow[]>();
  for (const alert of alerts)
    if (alert.row !== null) byRow.set(alert.row, [...(byRow.get(alert.row) ?? []), alert]);
  const cells = stretches(rows, runs, byRow).flatMap((stretch) =>
    cellsOf(stretch, asked, (row) => rowView(row, service, byRow.get(row.id) ?? [])),
  );
  return { states: cells.reverse() };
}

function cellsOf(stretch: Stretch, asked: StatesQuestion, view: (row: StateRow) => JsonObject): JsonObject[] {
  const { rows, lost, state } = stretch;
  const cells: JsonObject[] = [];
  if (lost !== null)
    cells.push({
      id: lost.low,
      state,
      group: `${lost.low}-${lost.high}`,
      group_count: lost.count,
      pruned: lost.count,
    });
  // What was lost stands in the place of the first.
  const first = lost === null ? 1 : 0;
  const middle = rows.slice(first, -1);
  const [low, high] = [middle[0]?.id ?? 0, middle.at(-1)?.id ?? 0];
  const isOpen = asked.expand.some(([from, to]) => from <= high && low <= to);
  if (!asked.groups || middle.length < 2 || isOpen) return [...cells, ...rows.map(view)];
  const group = { id: low, state, group: `${low}-${high}`, group_count: middle.length };
  return [...cells, ...rows.slice(0, first).map(view), group, view(rows.at(-1) as StateRow)];
}

/** Rows as they follow each other, broken where the state changes and behind a row that has alerts. */
function stretches(rows: StateRow[], runs: Run[], alerts: ReadonlyMap<number, AlertRow[]>): Stretch[] {
  const found: Stretch[] = [];
  let index = 0;
  for (const run of runs) {
    const from = index;
    while (index < rows.length && (rows[index] as StateRow).id <= run.last) index += 1;
    const own = rows.slice(from, index);
    const missing = run.count - own.length;
    const high = own[0] === undefined ? run.last : own[0].id - 1;
    const lost = missing > 0 ? { low: run.first, high, count: missing } : null;
    found.push(...broken({ state: run.state, rows: own, lost }, alerts));
  }
  return found;
}

function broken({ state, rows, lost }: Stretch, alerts: ReadonlyMap<number, AlertRow[]>): Stretch[] {
  const parts: Stretch[] = [{ state, rows: [], lost }];
  for (const [index, row] of rows.entries()) {
    const isBreak = alerts.has(row.id) && index > 0;
    if (isBreak) parts.push({ state, rows: [], lost: null });
    (parts.at(-1) as Stretch).rows.push(row);
    if (isBreak && index + 1 < rows.length) parts.push({ state, rows: [], lost: null });
  }
  return parts.filter((part) => part.rows.length > 0 || part.lost !== null);
}

function rowView({ id, at, state, info }: StateRow, service: ServiceFacts, alerts: AlertRow[]): JsonObject {
  return {
    id,
    rtime: timeText(at),
    state,
    info,
    alerts: alerts.map((alert) => ({
      id: alert.id,
      channel: alert.channel,
      event: alert.event,
      message: alert.message,
      severity: severityOf(alert),
    })),
    service: service.title,
    service_id: service.id,
  };
}
