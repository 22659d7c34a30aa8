import {
  type HostPattern,
  includesHost,
  includesPorts,
  matchesHost,
  type PortRange,
  parseHost,
  parseHostPattern,
  parsePorts,
} from './host-pattern.ts';
import { includesPath, matchesSteps, type PathPattern, parsePathPattern, stepsOf } from './path-pattern.ts';

/** Which URLs may be asked: an origin, with a glob of paths or for all of them; `*` for every URL. Queries are the plugin's own affair. */
export interface HttpPattern {
  text: string;
  /** Null for both. */
  scheme: 'http' | 'https' | null;
  host: HostPattern;
  ports: PortRange;
  /** Null for every path. */
  path: PathPattern | null;
}

const defaultPorts = { http: 80, https: 443 };

/** Reads a pattern of URLs. Throws an Error whose message continues `'<pattern>' `. */
export function parseHttpPattern(text: string): HttpPattern {
  if (text === '*') return { text, scheme: null, host: { kind: 'any' }, ports: parsePorts('*'), path: null };
  if (/^https?:\/\/[^/]*@/.test(text)) throw new Error('contains a user; permissions hold no secrets');
  const [, scheme, host, port, path] =
    /^(https?):\/\/(\[[^\]]*\]|[^/:[\]]+)(?::([^/]*))?(\/.*)?$/.exec(text) ?? [];
  if ((scheme !== 'http' && scheme !== 'https') || host === undefined)
    throw new Error('is no origin; write https://api.example.org/v1/** or http://127.0.0.1:8080');
  if (path?.includes('#') || path?.includes('?'))
    throw new Error("has a '?' or '#'; a path is all that is compared");
  return {
    text,
    scheme,
    host: parseHostPattern(host),
    ports: parsePorts(port ?? String(defaultPorts[scheme])),
    path: path === undefined ? null : parsePathPattern(path),
  };
}

/** The port a URL means. */
export function portOf({ protocol, port }: URL): number {
  return port === '' ? defaultPorts[protocol === 'https:' ? 'https' : 'http'] : Number(port);
}

/** Whether the pattern covers a URL. */
export function matchesHttp(pattern: HttpPattern, url: URL): boolean {
  const host = parseHost(url.hostname);
  const port = portOf(url);
  if (host === undefined || (pattern.scheme !== null && `${pattern.scheme}:` !== url.protocol)) return false;
  if (!matchesHost(pattern.host, host) || port < pattern.ports.from || port > pattern.ports.to) return false;
  if (pattern.path === null) return true;
  const steps = plainSteps(url.pathname);
  return steps !== undefined && matchesSteps(pattern.path, steps);
}

/** Whether every URL of `inner` is one of `outer`. */
export function includesHttp(outer: HttpPattern, inner: HttpPattern): boolean {
  if (outer.scheme !== null && outer.scheme !== inner.scheme) return false;
  if (!includesHost(outer.host, inner.host) || !includesPorts(outer.ports, inner.ports)) return false;
  return outer.path === null || (inner.path !== null && includesPath(outer.path, inner.path));
}

/**
 * The decoded steps of a path that means the same to every server; undefined where servers differ in what they make of it (an encoded `/`
 * or `\`, also encoded twice, a step that is empty, or `..` once decoded or cut at its `;`), since one of them would leave what the pattern names.
 */
function plainSteps(pathname: string): string[] | undefined {
  if (/%(25)*(2f|5c|00)|%(25)+2e|\\/i.test(pathname)) return undefined;
  try {
    const steps = stepsOf(pathname).map(decodeURIComponent);
    // A last `/` is no step of its own.
    if (steps.at(-1) === '') steps.pop();
    return steps.some((step) => /^(\.\.?(;|$)|$)/.test(step)) ? undefined : steps;
  } catch {
    return undefined;
  }
}
