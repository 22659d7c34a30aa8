import { OpsbroError } from '../core/errors.ts';

const unitSeconds: { [unit: string]: number } = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `30`, `30s`, `1.5m`, `500ms`, `2h`, `1d`. Throws OPSBRO_CLI_USAGE naming the option for anything else. */
export function parseSeconds(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  if (match === null) {
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `${option} '${text}' is no duration; write seconds, or a number with ms, s, m, h or d`,
    );
  }
  return Number(match[1]) * (unitSeconds[match[2] ?? 's'] ?? 1);
}

/**
 * The past moment that a person means, epoch ms: a time (`2026-03-01T03:12`, without a zone that of this machine), `03:12` for the last
 * time a clock showed that, or a duration ago, `2h`. Throws OPSBRO_CLI_USAGE naming the option for anything else.
 */
export function parseMoment(text: string, option: string, now: number): number {
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text.trim());
  if (clock !== null) {
    const [hours, minutes, seconds] = clock.slice(1).map((part) => Number(part ?? 0));
    const at = new Date(now);
    at.setHours(hours ?? 0, minutes, seconds, 0);
    if (at.getTime() > now) at.setDate(at.getDate() - 1);
    if (at.getHours() === hours && at.getMinutes() === minutes) return at.getTime();
  } else if (/^\d+(\.\d+)?(ms|s|m|h|d)?$/.test(text.trim())) {
    return Math.max(0, now - parseSeconds(text, option) * 1000);
  } else {
    const at = Date.parse(text);
    if (!Number.isNaN(at) && at <= now) return at;
  }
  throw new OpsbroError(
    'OPSBRO_CLI_USAGE',
    `${option} '${text}' is no time that has passed; write 03:12, 2026-03-01T03:12:00Z or 2h for two hours ago`,
  );
}

/** A duration for people: `850ms`, `42s`, `3m 12s`, `5h 2m`, `12d 4h`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))}ms`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string => {
    const rest = Math.floor((whole % big) / small);
    return `${Math.floor(whole / big)}${bigUnit}${rest > 0 ? ` ${rest}${smallUnit}` : ''}`;
  };
  if (whole < 3600) return pair(60, 'm', 1, 's');
  if (whole < 86_400) return pair(3600, 'h', 60, 'm');
  return pair(86_400, 'd', 3600, 'h');
}

/** Bytes for people, in binary units: `96.4 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Milliseconds for people, with as many digits as matter: `0.4 ms`, `12 ms`. */
export function formatMs(ms: number | null): string {
  if (ms === null) return '-';
  return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
}

/** How long ago an RFC 3339 time was: `12s ago`, `now`, `in 3s`; `-` for null. */
export function formatAge(at: string | null, nowMs: number): string {
  if (at === null) return '-';
  const seconds = (nowMs - Date.parse(at)) / 1000;
  if (Math.abs(seconds) < 1) return 'now';
  return seconds < 0 ? `in ${formatSeconds(-seconds)}` : `${formatSeconds(Math.floor(seconds))} ago`;
}

/** `1 error`, `2 errors`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
