const minute = 60;
const hour = 3600;
const day = 86_400;

/** A length of time in two units at most: `8s`, `12m`, `3h 20m`, `5d 2h`. */
export function spanText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < minute) return `${whole}s`;
  if (whole < hour) return `${Math.floor(whole / minute)}m`;
  if (whole < day) return pair(Math.floor(whole / hour), 'h', Math.floor((whole % hour) / minute), 'm');
  return pair(Math.floor(whole / day), 'd', Math.floor((whole % day) / hour), 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit} ${small}${smallUnit}`;
}

/** How long ago `at` was, or how soon it comes; `at` is epoch ms or RFC 3339 text. '' where nothing is known. */
export function agoText(at: number | string | null | undefined, now: number): string {
  if (at === null || at === undefined) return '';
  const ms = typeof at === 'number' ? at : Date.parse(at);
  if (!Number.isFinite(ms)) return '';
  return ms > now + 1000 ? `in ${spanText((ms - now) / 1000)}` : `${spanText((now - ms) / 1000)} ago`;
}

/** Date and time in the zone of the browser, to the second: `2026-11-29 21:04:05`. */
export function clockText(at: number | string | null | undefined): string {
  if (at === null || at === undefined) return '';
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  const two = (value: number): string => String(value).padStart(2, '0');
  const days = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${days} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** A text of the agent with its times, RFC 3339 in UTC, as the zone of the browser has them. */
export function withLocalTimes(text: string): string {
  return text.replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, clockText);
}

/** The time of OverC's routes, `YYYY-MM-DD HH:MM:SS` in UTC, as epoch ms. */
export function utcTime(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`);
}
