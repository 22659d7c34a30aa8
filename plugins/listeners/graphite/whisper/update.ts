import { aggregate } from './aggregate.ts';
import type { Archive, Layout } from './layout.ts';
import { floorTo, Run, readBase, readPoints } from './ring.ts';

const run = new Run();

/**
 * Writes points into an open file as Whisper's `update_many` does: each into the finest archive that reaches back to it from `now`, then up
 * into the coarser ones. `times` are whole seconds, ascending, each once; points older than the file's reach are left out. Of several points of
 * one step the last stays. Blocks; throws what the file system says.
 */
export function updateMany(
  fd: number,
  layout: Layout,
  times: ArrayLike<number>,
  values: ArrayLike<number>,
  count: number,
  now: number,
): void {
  let end = count;
  // From the newest on, since what falls out of one archive falls out of the finer ones too.
  for (const [index, archive] of layout.archives.entries()) {
    let from = end;
    while (from > 0 && now - times[from - 1]! <= archive.reach) from -= 1;
    if (from < end) {
      writePoints(fd, archive, times, values, from, end);
      propagate(
        fd,
        layout,
        index,
        floorTo(times[from]!, archive.step),
        floorTo(times[end - 1]!, archive.step),
        {
          times,
          from,
          end,
        },
      );
    }
    end = from;
    if (end === 0) return;
  }
}

function writePoints(
  fd: number,
  archive: Archive,
  times: ArrayLike<number>,
  values: ArrayLike<number>,
  from: number,
  end: number,
): void {
  const { step } = archive;
  const base = readBase(fd, archive) || floorTo(times[from]!, step);
  run.count = 0;
  for (let index = from; index < end; index += 1) {
    const time = floorTo(times[index]!, step);
    if (index + 1 < end && floorTo(times[index + 1]!, step) === time) continue;
    if (run.count > 0 && time !== run.start + run.count * step) run.write(fd, archive, base);
    run.add(time, values[index]!);
  }
  run.write(fd, archive, base);
}

interface Touched {
  times: ArrayLike<number>;
  from: number;
  end: number;
}

/** Rolls up what was written to archive `index` into the coarser ones, until one of them has nothing to take. */
function propagate(
  fd: number,
  layout: Layout,
  index: number,
  first: number,
  last: number,
  touched: Touched,
): void {
  const { archives, aggregation, xFilesFactor } = layout;
  let finer = archives[index]!;
  for (const coarser of archives.slice(index + 1)) {
    if (coarser.step <= finer.step) continue;
    const intervals = intervalsOf(touched, coarser.step, first, last);
    const values = new Float64Array(Math.floor(coarser.step / finer.step));
    const base = readBase(fd, finer);
    let lowerBase = readBase(fd, coarser);
    let isAny = false;
    run.count = 0;
    for (const start of intervals) {
      readPoints(fd, finer, base, start, values);
      const value = aggregate(aggregation, values, xFilesFactor);
      if (Number.isNaN(value)) continue;
      isAny = true;
      if (lowerBase === 0) lowerBase = start;
      run.add(start, value);
      run.write(fd, coarser, lowerBase);
    }
    if (!isAny) return;
    finer = coarser;
  }
}

/** The coarser intervals that points fall into, each once, ascending. */
function intervalsOf({ times, from, end }: Touched, step: number, first: number, last: number): number[] {
  const found: number[] = [];
  const highest = floorTo(last, step);
  let before = floorTo(first, step);
  found.push(before);
  for (let index = from; index < end && before !== highest; index += 1) {
    const interval = floorTo(times[index]!, step);
    if (interval !== before) found.push(interval);
    before = interval;
  }
  return found;
}
