/** The counters of `/proc/meminfo` by lower-cased name; kB, or pages for those without unit. Lines without a number are left out. */
export function parseMeminfo(text: string): { [key: string]: number } {
  const counters: { [key: string]: number } = {};
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    const value = Number.parseInt(line.slice(colon + 1), 10);
    if (colon > 0 && Number.isFinite(value)) counters[line.slice(0, colon).toLowerCase()] = value;
  }
  return counters;
}

/** Figures for people over the raw counters, which need at least `memtotal` and `memfree`. kB, and percent with two decimals. */
export function summarise(counters: { [key: string]: number }): { [key: string]: number } {
  const counter = (key: string): number => counters[key] ?? 0;
  const physTotal = counter('memtotal');
  const cache = counter('buffers') + counter('cached') + counter('sreclaimable');
  const physFree = Math.min(physTotal, counter('memfree') + cache);
  // Kernels before 3.14 do not estimate it. Shared memory counts as cached but cannot be dropped.
  const available = counters.memavailable ?? Math.max(0, physFree - counter('shmem'));
  return {
    phys_total: physTotal,
    phys_free: physFree,
    phys_used: percent(physTotal - physFree, physTotal),
    available,
    available_pct: percent(available, physTotal),
    swap_total: counter('swaptotal'),
    swap_free: counter('swapfree'),
    swap_used: percent(counter('swaptotal') - counter('swapfree'), counter('swaptotal')),
    hugepages_used: percent(
      counter('hugepages_total') - counter('hugepages_free'),
      counter('hugepages_total'),
    ),
    committed_pct: percent(counter('committed_as'), counter('commitlimit')),
  };
}

function percent(part: number, whole: number): number {
  return whole > 0 ? Math.round((part * 10_000) / whole) / 100 : 0;
}
