/** One line of a file of /proc/pressure: averages in %, `total` in microseconds since boot. */
export interface Stall {
  avg10: number;
  avg60: number;
  avg300: number;
  total: number;
}

/** A file of /proc/pressure. Kernels before 5.13 have no `full` for the CPU; `irq` has no `some`. */
export interface Pressure {
  some?: Stall;
  full?: Stall;
}

const LINE = /^(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/;

/** Parses a file of /proc/pressure (Documentation/accounting/psi.rst); lines of another shape are left out. */
export function parsePressure(text: string): Pressure {
  const pressure: Pressure = {};
  for (const line of text.split('\n')) {
    const match = LINE.exec(line.trim());
    if (!match) continue;
    const [avg10, avg60, avg300, total] = match.slice(2).map(Number) as [number, number, number, number];
    if (![avg10, avg60, avg300, total].every(Number.isFinite)) continue;
    pressure[match[1] as 'some' | 'full'] = { avg10, avg60, avg300, total };
  }
  return pressure;
}

/**
 * Share of `seconds` that `total` grew by, in % with two decimals, at most 100. Without a usable earlier sample (first run,
 * reboot) it is the kernel's own ten-second average.
 */
export function percentStalled(stall: Stall, grownUs: number | undefined, seconds: number): number {
  if (grownUs === undefined || !(seconds > 0)) return stall.avg10;
  return Math.min(100, Math.round(grownUs / seconds / 100) / 100);
}
