import { type ByteOrder, type Endpoint, parseEndpoint } from './address.ts';

/** A table of /proc/net. */
export type Protocol = 'tcp' | 'tcp6' | 'udp' | 'udp6';

/** An open socket as `netstat -tuln` shows it: `source` is `ip:port`, `dest` has `*` for port 0, `state` is '' for UDP. */
export interface OpenSocket {
  proto: Protocol;
  source: string;
  dest: string;
  state: string;
  port: number;
}

/** TCP_LISTEN, and TCP_CLOSE which a bound, unconnected UDP socket carries (include/net/tcp_states.h). */
const OPEN_STATE = { tcp: '0A', udp: '07' };

/**
 * Parses a table of /proc/net (Documentation/networking/proc_net_tcp.rst) and keeps what waits for peers: listening TCP, bound
 * UDP without a peer. Other lines, cut lines among them, are left out.
 */
export function parseSockets(table: string, proto: Protocol, order: ByteOrder): OpenSocket[] {
  const kind = proto.startsWith('tcp') ? 'tcp' : 'udp';
  const wanted = ` ${OPEN_STATE[kind]} `;
  const sockets: OpenSocket[] = [];
  for (const line of table.split('\n')) {
    // A busy proxy has 100,000 connections: the cheap look comes first.
    if (!line.includes(wanted)) continue;
    const [, local, remote, state] = line.trim().split(/\s+/, 4);
    if (state !== OPEN_STATE[kind] || local === undefined || remote === undefined) continue;
    const source = parseEndpoint(local, order);
    const dest = parseEndpoint(remote, order);
    if (!source || !dest || (kind === 'udp' && dest.port !== 0)) continue;
    const name = kind === 'tcp' ? 'LISTEN' : '';
    sockets.push({ proto, source: show(source), dest: show(dest), state: name, port: source.port });
  }
  return sockets;
}

/** The ports of sockets, each once, ascending. */
export function portsOf(sockets: readonly OpenSocket[]): number[] {
  return [...new Set(sockets.map((socket) => socket.port))].sort((left, right) => left - right);
}

function show(endpoint: Endpoint): string {
  return `${endpoint.ip}:${endpoint.port === 0 ? '*' : endpoint.port}`;
}
