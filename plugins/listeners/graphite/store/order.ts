/**
 * Puts points in order of time, in place, each time once: of several points of one second the one that came last stays, as in carbon. Returns
 * how many are left. Costs nothing for points that came in order.
 */
export function orderPoints(times: Float64Array, values: Float64Array, count: number): number {
  let isOrdered = true;
  for (let index = 1; index < count && isOrdered; index += 1) isOrdered = times[index]! > times[index - 1]!;
  if (isOrdered) return count;
  const latest = new Map<number, number>();
  for (let index = 0; index < count; index += 1) latest.set(times[index]!, values[index]!);
  const sorted = [...latest].sort(([one], [other]) => one - other);
  sorted.forEach(([time, value], index) => {
    times[index] = time;
    values[index] = value;
  });
  return sorted.length;
}
