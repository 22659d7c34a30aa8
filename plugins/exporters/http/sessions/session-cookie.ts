import type { IncomingHttpHeaders } from 'node:http';

/** Cookies of one name that are looked at; a browser sends several where paths overlap. */
const mostTexts = 4;

/** The header that a page's own scripts send with what changes something, and pages of other sites cannot send. */
export const csrfHeader = 'x-opsbro-csrf';

/** How a request came, as far as its cookies and its origin go by it. */
export interface Way {
  headers: IncomingHttpHeaders;
  /** The port that it came to. Cookies do not tell ports apart, their names do. */
  port: number;
  /** By TLS, to the agent or to its proxy. */
  isSecure: boolean;
}

/** The name of the cookie. By TLS one that a page in clear text of the same host cannot set (RFC 6265bis §4.1.3.1). */
export function cookieName({ port, isSecure }: Pick<Way, 'port' | 'isSecure'>): string {
  return `${isSecure ? '__Secure-' : ''}opsbro_session_${port}`;
}

/** What the cookies of a session say, which may be several of the same name. */
export function sessionTexts(way: Way): string[] {
  const name = cookieName(way);
  return (way.headers.cookie ?? '')
    .split(';', 64)
    .map((each) => each.trim().split('=', 2))
    .flatMap(([key, text = '']) => (key === name && /^[\w-]{1,128}$/.test(text) ? [text] : []))
    .slice(0, mostTexts);
}

/** The header `set-cookie` of a session: no script reads it, no other site's page sends it. Without a text it takes the cookie away. */
export function setCookie(
  way: Pick<Way, 'port' | 'isSecure'>,
  path: string,
  text: string,
  seconds: number,
): string {
  const age = Math.max(0, Math.floor(seconds));
  const secure = way.isSecure ? '; Secure' : '';
  return `${cookieName(way)}=${text}; Path=${path === '' ? '/' : path}; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}

/**
 * Whether a page of this very agent sent a request: same scheme, name and port. `SameSite` holds nothing back that comes from another port of
 * the same host. A browser says so itself in `Sec-Fetch-Site`, which scripts cannot set; where it does not, `Origin` has to fit `Host`.
 */
export function isOwnPage({ headers, isSecure }: Way): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (site !== undefined) return site === 'same-origin';
  return origin !== undefined && host !== undefined && origin === `${isSecure ? 'https' : 'http'}://${host}`;
}
