import { median } from '../result.ts';
import { poolSize, runSlow, type Slowness, type SlowRun } from './slow-members.ts';

/** False positives that plain SWIM must have made before a cell says anything. */
export const wantedPositives = 500;
/** Detections that make a median, in three runs at most. */
const wantedDetections = 12;
const runsAtMost = 12;

/** All runs of one cell of one mode, added up. */
export type Side = Pick<SlowRun, 'falsePositives' | 'healthyFalsePositives' | 'firstMs' | 'allMs' | 'bytes'>;

/** One cell: plain SWIM and Lifeguard on the same pools with the same seeds. */
export interface Cell extends Slowness {
  runs: number;
  swim: Side;
  lifeguard: Side;
}

/** The cells that are judged: members that hang for longer than the shortest suspicion of 8.4 s among 128. */
export function judgedCells(brief: boolean): Slowness[] {
  const counts = brief ? [4] : [1, 2, 4, 8, 16, 32];
  const durations = brief ? [16_000] : [16_000, 32_000];
  return durations.flatMap((durationMs) =>
    counts.map((blocked) => ({ blocked, durationMs, intervalMs: 1000, lengthMs: 2 * (durationMs + 1000) })),
  );
}

/** Members that hang too shortly for anybody to bury them: only bytes are judged. */
export function mildCells(brief: boolean): Slowness[] {
  const mild = { intervalMs: 1000, lengthMs: brief ? 10_000 : 45_000 };
  return brief
    ? [{ blocked: 8, durationMs: 2000, ...mild }]
    : [500, 2000, 8000].map((durationMs) => ({ blocked: 16, durationMs, ...mild }));
}

/** Runs a cell until plain SWIM has made enough false positives; a mild cell once. */
export function runCell(slowness: Slowness, isMild: boolean, brief: boolean): Cell {
  const cell: Cell = { ...slowness, runs: 0, swim: noSide(), lifeguard: noSide() };
  const least = brief || isMild ? 1 : Math.min(3, Math.ceil(wantedDetections / slowness.blocked));
  const most = isMild ? 1 : runsAtMost;
  while (cell.runs < most && (cell.runs < least || cell.swim.falsePositives < wantedPositives)) {
    cell.runs += 1;
    add(cell.swim, runSlow(slowness, false, cell.runs));
    add(cell.lifeguard, runSlow(slowness, true, cell.runs));
  }
  return cell;
}

/** Lifeguard's false positives as a share of plain SWIM's, in percent; where plain SWIM made none, Lifeguard may make none. */
export function shareOf(ours: number, plain: number): number {
  if (plain === 0) return ours === 0 ? 0 : Number.POSITIVE_INFINITY;
  return (100 * ours) / plain;
}

/** By how much the median detection differs, as a ratio. */
export function detectionRatio({ swim, lifeguard }: Cell): number {
  return median(lifeguard.firstMs) / median(swim.firstMs);
}

/** Bytes a member and second of one side. */
export function bytesRate({ bytes }: Side, { runs, lengthMs }: Cell): number {
  return (bytes / poolSize / runs / (lengthMs + 10_000)) * 1000;
}

function noSide(): Side {
  return { falsePositives: 0, healthyFalsePositives: 0, firstMs: [], allMs: [], bytes: 0 };
}

function add(side: Side, run: SlowRun): void {
  side.falsePositives += run.falsePositives;
  side.healthyFalsePositives += run.healthyFalsePositives;
  side.firstMs.push(...run.firstMs);
  side.allMs.push(...run.allMs);
  side.bytes += run.bytes;
}
