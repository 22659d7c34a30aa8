const ownNames = ['localhost', '127.0.0.1', '[::1]'];

/** `address` as it stands in a URL. @example `bracketed('::1') === '[::1]'` */
export function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/**
 * Lower-case namesby which clients may ask: those of loopback, the address listened on, and the configured ones.
 * @example `const names = allowedNames('127.0.0.1', ['monitor.example.org']);`
 */
export function allowedNames(address: string, names: readonly string[]): ReadonlySet<string> {
  return new Set([...ownNames, bracketed(address), ...names].map((name) => name.toLowerCase()));
}

/** The name of a `Host` header or the authority of an origin, without its port; undefined for what is neither. @example `nameOf('localhost:80') === 'localhost'` */
export function nameOf(authority: string | undefined): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[^\s:/@[\]]+?)\.?(?::\d{1,5})?$/i.exec(authority ?? '')?.[1]?.toLowerCase();
}

/** Headers of a request that tell for whom it was meant, and by whose page it was sent. */
export interface RequestHead {
  host?: string | undefined;
  origin?: string | undefined;
  'sec-fetch-site'?: string | string[] | undefined;
}

/**
 * Why a request was not meant for this agent; undefined for one that was. A page whose name was made to resolve to loopback (DNS rebinding) sends
 * that name as `Host`, and a page of another site says so in `Origin` or `Sec-Fetch-Site`, which scripts cannot set.
 * `origins` are those of other sites whose pages may ask.
 * @example `const refused = strangeness(request.headers, names);`
 */
export function strangeness(
  { host, origin, 'sec-fetch-site': site }: RequestHead,
  allowed: ReadonlySet<string>,
  origins: ReadonlySet<string> = new Set(),
): { status: number; message: string } | undefined {
  if (!allowed.has(nameOf(host) ?? ''))
    return { status: 421, message: "this agent is not asked by that name; add it to its 'names'" };
  if (origin !== undefined && origins.has(origin)) return undefined;
  const authority = /^https?:\/\/([^/]+)$/i.exec(origin ?? '')?.[1];
  const isOwn = origin === undefined || allowed.has(nameOf(authority) ?? '');
  if (isOwn && site !== 'cross-site') return undefined;
  return { status: 403, message: 'a page of another site may not ask this agent' };
}
