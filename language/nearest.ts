/**
 * The candidate a person most likely meant by `name`: the one with the smallest edit distance (transpositions count one),
 * if that is at most a third of the name's length; letter case is ignored. undefined when none is near enough.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase().slice(0, 100);
  let best: string | undefined;
  let bound = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase().slice(0, 100), bound);
    if (distance < bound) {
      bound = distance;
      best = candidate;
    }
  }
  return best;
}

/** The candidate that ends with the word `name`, as `string_upper` does with `upper`: for functions known elsewhere by their last word. */
export function endingWith(name: string, candidates: Iterable<string>): string | undefined {
  return [...candidates].find((candidate) => candidate.endsWith(`_${name.toLowerCase()}`));
}

/** Optimal string alignment distance, or `bound` as soon as it is known to be at least that. */
function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound) return bound;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
    if (Math.min(...row) >= bound) return bound;
  }
  return last[b.length]!;
}
