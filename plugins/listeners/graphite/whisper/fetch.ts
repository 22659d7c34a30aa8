import type { FetchedPoints } from '../series-reader.ts';
import type { Layout } from './layout.ts';
import { floorTo, readBase, readPoints } from './ring.ts';

/**
 * Reads from an open file what Whisper's `fetch` reads: the points after `from` up to `until`, of the finest archive that reaches back to
 * `from`, counted from `now`. Undefined where the range is backwards, begins in the future or ends before all that the file reaches.
 */
export function fetchPoints(
  fd: number,
  layout: Layout,
  from: number,
  until: number,
  now: number,
): FetchedPoints | undefined {
  const oldest = now - layout.maxReach;
  if (from > until || from > now || until < oldest) return undefined;
  const begin = Math.trunc(Math.max(from, oldest));
  const finish = Math.trunc(Math.min(until, now));
  const archive = layout.archives.find(({ reach }) => reach >= now - begin) ?? layout.archives.at(-1)!;
  const { step } = archive;
  const start = floorTo(begin, step) + step;
  const end = Math.max(floorTo(finish, step) + step, start + step);
  const values = new Float64Array((end - start) / step);
  readPoints(fd, archive, readBase(fd, archive), start, values);
  return { start, end, step, values };
}
