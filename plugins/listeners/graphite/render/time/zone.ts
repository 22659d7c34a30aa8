const formats = new Map<string, Intl.DateTimeFormat>();
const maxFormats = 64;

/** A time as clocks of a place show it. `month` counts from 1. */
export interface LocalTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** Whether this is the name of a time zone, such as `Europe/Paris`. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What clocks of `zone` show at `time` (seconds since 1970). */
export function localTimeOf(time: number, zone: string): LocalTime {
  const parts = new Map<string, number>();
  for (const { type, value } of formatOf(zone).formatToParts(time * 1000)) parts.set(type, Number(value));
  const part = (name: string): number => parts.get(name) ?? 0;
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
}

/**
 * The seconds since 1970 at which clocks of `zone` show this; days and months may lie beyond their range. A time that clocks show twice is the
 * later one; one that they skip is counted from before the skip.
 */
export function timeOfLocal(local: LocalTime, zone: string): number {
  const { year, month, day, hour, minute, second } = local;
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  const offsets = [asUtc - 86400, asUtc + 86400].map((time) => offsetAt(time, zone));
  const matching = offsets
    .map((offset) => asUtc - offset)
    .filter((time) => time + offsetAt(time, zone) === asUtc);
  return matching.length > 0 ? Math.max(...matching) : asUtc - offsets[0]!;
}

/** Seconds that clocks of `zone` are ahead of UTC at `time`. */
function offsetAt(time: number, zone: string): number {
  const { year, month, day, hour, minute, second } = localTimeOf(time, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - Math.floor(time);
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  if (formats.size >= maxFormats) formats.clear();
  formats.set(zone, made);
  return made;
}
