import { constants } from 'node:os';
import type { Trouble } from './trouble.ts';

/** How long an agent must live before a crash is over: one that dies again and again is told once. */
const provenMs = 600_000;
const mib = 1024 * 1024;

/**
 * That the agent before this one died, told while this one has not lived for ten minutes. `status` is as the launcher's shell gives it:
 * 128 and the number of a signal; null when there was none, or it ended in order.
 */
export function crashTrouble(status: number | null, uptimeMs: number): Trouble | null {
  if (status === null || uptimeMs >= provenMs) return null;
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
  const how = signal === undefined ? `with status ${status}` : `by ${signal}`;
  return {
    kind: 'crash',
    object: '',
    text: `the agent ended ${how} and was started again`,
    over: 'the agent has not died again since',
  };
}

/** That the disk of the data directory is nearly full; null while it is not. */
export function spaceTrouble(
  low: { availableBytes: number; totalBytes: number } | null,
  path: string,
): Trouble | null {
  if (low === null) return null;
  const percent = Math.floor((low.availableBytes / low.totalBytes) * 1000) / 10;
  const free = `${Math.floor(low.availableBytes / mib)} MiB (${percent} %)`;
  return {
    kind: 'disk',
    object: '',
    text: `the disk of ${path} is nearly full, ${free} are free; when it is full, a crash loses what changes`,
    over: `the disk of ${path} has room again`,
  };
}
