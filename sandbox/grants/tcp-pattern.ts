import {
  type Host,
  type HostPattern,
  includesHost,
  includesPorts,
  matchesHost,
  type PortRange,
  parseHostPattern,
  parsePorts,
} from './host-pattern.ts';

/** Where a connection may go: `127.0.0.1:25`, `*.example.org:8000-8999`, `10.0.0.0/8:5432`, `[::1]:25`, or `*` for anywhere. */
export interface TcpPattern {
  text: string;
  host: HostPattern;
  ports: PortRange;
}

/** Reads a pattern of hosts and ports. Throws an Error whose message continues `'<pattern>' `. */
export function parseTcpPattern(text: string): TcpPattern {
  if (text === '*') return { text, host: { kind: 'any' }, ports: parsePorts('*') };
  const [, host, port] = /^(\[[^\]]*\](?:\/\d+)?|[^:[\]]*):([^:]*)$/.exec(text) ?? [];
  if (host === undefined || port === undefined || host === '')
    throw new Error('is not host:port; write 127.0.0.1:25, [::1]:25, db.example.org:5432 or 10.0.0.0/8:5432');
  const bare = host.replace(/^\[(.*)\](\/\d+)?$/, '$1$2');
  return { text, host: parseHostPattern(bare), ports: parsePorts(port) };
}

/** Whether the pattern covers a port of a host. */
export function matchesTcp(pattern: TcpPattern, host: Host, port: number): boolean {
  return pattern.ports.from <= port && port <= pattern.ports.to && matchesHost(pattern.host, host);
}

/** Whether every connection of `inner` is one of `outer`. */
export function includesTcp(outer: TcpPattern, inner: TcpPattern): boolean {
  return includesHost(outer.host, inner.host) && includesPorts(outer.ports, inner.ports);
}
