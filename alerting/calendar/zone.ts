const hourMs = 3_600_000;
/** No zone was ever further from UTC, and none changed by more at once. */
const widestMs = 38 * hourMs;
const zones = new Map<string, Zone>();

/** The wall clock of a time zone. A local time is the epoch ms that it would be in UTC. */
export interface Zone {
  name: string;
  /** What the wall clock shows at an instant. */
  localAt(at: number): number;
  /**
   * The first instant at which the wall clock shows `local` or later: a time that comes twice counts the first time, one that is left out
   * counts as the moment the clock jumps. So reads cron, and RFC 5545 section 3.3.5 for the time that comes twice.
   */
  instantOf(local: number): number;
}

/** The zone this process runs in; UTC where it has no name, as with a TZ that is none. */
export function ownZone(): string {
  // Typed as text, and undefined or `Etc/Unknown` with such a TZ.
  const name: string | undefined = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return name !== undefined && zoneOf(name) !== undefined ? name : 'UTC';
}

/** A zone by its IANA name, e.g. `Europe/Paris`; undefined when there is none. Kept, since there are few. */
export function zoneOf(name: string): Zone | undefined {
  const known = zones.get(name.toLowerCase());
  if (known !== undefined) return known;
  try {
    const made = makeZone(name);
    zones.set(name.toLowerCase(), made);
    return made;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function makeZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const localAt = (at: number): number => {
    const parts: { [type: string]: number } = {};
    for (const { type, value } of format.formatToParts(at)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    const ms = ((at % 1000) + 1000) % 1000;
    return Date.UTC(year, month - 1, day, hour, minute, second, ms);
  };
  return { name, localAt, instantOf: (local) => firstInstant(local, localAt) };
}

function firstInstant(local: number, localAt: (at: number) => number): number {
  const candidates = [local - widestMs, local + widestMs].map((near) => local - (localAt(near) - near));
  const exact = candidates.filter((at) => localAt(at) === local);
  if (exact.length > 0) return Math.min(...exact);
  // The clock jumps over `local`: find the jump. Around it local time only grows.
  let before = Math.min(...candidates) - hourMs;
  let after = Math.max(...candidates) + hourMs;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (localAt(middle) >= local) after = middle;
    else before = middle;
  }
  return after;
}
