/** Each knows the zones' abbreviations of its own part of the world, and writes the others as `GMT+9`. */
const locales = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA'];

/**
 * A moment as `date` prints it in the C locale: `Fri Jan 2 13:00:00 CET 2026`, or with the offset (`+09`) where the zone's abbreviation is not
 * known. `at` is in epoch ms, `timeZone` this host's.
 */
export function longDateTime(
  at: number,
  timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone,
): string {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    month: 'short',
    day: 'numeric',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const time = `${part.hour}:${part.minute}:${part.second}`;
  return `${part.weekday} ${part.month} ${part.day} ${time} ${zoneName(at, timeZone)} ${part.year}`;
}

function zoneName(at: number, timeZone: string): string {
  const names = locales.map((locale) => {
    const parts = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' }).formatToParts(at);
    return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  });
  return names.find((name) => /^[A-Z]+$/.test(name)) ?? offset(names[0] ?? '');
}

/** `GMT+5:30` as `date` writes it: `+0530`. */
function offset(name: string): string {
  const [, sign = '+', hours = '0', minutes = ''] = /([+-])(\d+)(?::(\d+))?$/.exec(name) ?? [];
  return `${sign}${hours.padStart(2, '0')}${minutes}`;
}
