import { writeFileSync } from 'node:fs';

/** A lane that runs all the time then has a fifth of the agent's own weight. */
const laneNice = 7;
const lowestNice = 19;

/**
 * Gives the session that `pid` leads its weight. Where the kernel has autogroups (sched(7)), each session has a share of the processors like
 * any other, however many threads it has: eight lanes would leave the agent, a session as well, a ninth. Niceness counts inside a session
 * only, so that a command's own is added here. Returns whether there is nothing left to do: without rights the kernel takes ten of
 * these a second, of all processes, and refuses the rest with EAGAIN.
 */
export function weighLane(pid: number, nice: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(Math.min(lowestNice, laneNice + Math.trunc(nice))));
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== 'EAGAIN';
  }
}
