/** The zone's name in the target of `/etc/localtime`; undefined when it points elsewhere. */
export function zoneOfLink(target: string): string | undefined {
  return /\/zoneinfo\/(?:posix\/|right\/)?([\w+/-]+)$/.exec(target)?.[1];
}

/**
 * Abbreviation of a zone's daylight saving time, or of its only time, from the POSIX rule at the end of a compiled zone file
 * (RFC 8536, section 3.3). Undefined for other content and for files of version 1, which have no rule.
 */
export function abbreviation(zoneFile: string): string | undefined {
  if (!zoneFile.startsWith('TZif')) return undefined;
  const rule = /\n([^\n]*)\n$/.exec(zoneFile)?.[1];
  const names = /^(<[^>]+>|[A-Za-z]{3,})([-+\d]+)[:\d]*(?:(<[^>]+>|[A-Za-z]{3,})([-+\d]+)?)?/.exec(
    rule ?? '',
  );
  const [, first = '', firstWest, second = '', secondWest] = names ?? [];
  // Ireland writes its winter time as the saving one, an hour west of the other: summer time is the eastern of the two.
  const isWinterSecond = secondWest !== undefined && Number(secondWest) > Number(firstWest);
  const summer = isWinterSecond ? first : second || first;
  return summer.replace(/^<|>$/g, '') || undefined;
}

/** Seconds a zone is ahead of UTC at a moment (epoch ms); undefined when Node does not know the zone. */
export function utcOffset(zone: string, atMs: number): number | undefined {
  let text: string | undefined;
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    text = format.formatToParts(atMs).find((part) => part.type === 'timeZoneName')?.value;
  } catch {
    return undefined;
  }
  const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(text ?? '') ?? [];
  const seconds = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60;
  return sign === '-' ? -seconds : seconds;
}
