import { living, membersOf, recentProcesses, signalProcess, tickMs } from './processes.ts';
import type { Run } from './run.ts';

/** A lane's shell as `/proc` knows it: when it began, in ticks since boot and by the monotonic clock. */
export interface LaneProcess {
  pid: number;
  startTicks: number;
  startedAt: number;
}

/** Signals all that the run has started, and what was found of it before. */
export function strike(lane: LaneProcess, run: Run, signal: NodeJS.Signals): void {
  const processes = recentProcesses(run.startedAt);
  if (processes === null) {
    signalProcess(-lane.pid, signal);
    return;
  }
  const members = membersOf(lane.pid, ticksAt(lane, run.startedAt), processes);
  const known = new Set(members.map(({ pid }) => pid));
  run.victims = [...members, ...living(run.victims.filter(({ pid }) => !known.has(pid)))];
  for (const { pid } of run.victims) signalProcess(pid, signal);
}

/** Whether anything is there that the run may have started. */
export function hasStarted(lane: LaneProcess, run: Run): boolean {
  const processes = recentProcesses(performance.now());
  return processes === null || membersOf(lane.pid, ticksAt(lane, run.startedAt), processes).length > 0;
}

/** Ticks since boot at a moment, or a little before. The kernel's clock counts on while the machine sleeps: then it is more before. */
function ticksAt({ startTicks, startedAt }: LaneProcess, moment: number): number {
  return startTicks + Math.floor((moment - startedAt) / tickMs) - 1;
}
