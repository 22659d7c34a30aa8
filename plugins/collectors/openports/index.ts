import { endianness } from 'node:os';
import { type Context, defineCollector, type Tree } from 'opsbro/sdk';
import { type OpenSocket, type Protocol, parseSockets, portsOf } from './sockets.ts';

/** Room for about 100,000 connections: the kernel lists them in the same file as the listening sockets. */
const MAXIMUM_TABLE_BYTES = 16 * 1024 * 1024;

interface Options {
  max_sockets: number;
}

/** Under HOST_PROC the table of the agent's own network namespace is not wanted: process 1 of the host has the host's. */
function directories(ctx: Context<Options>): string[] {
  return ctx.env('HOST_PROC') ? ['/proc/1/net', '/proc/net'] : ['/proc/net'];
}

async function readTable(ctx: Context<Options>, proto: Protocol): Promise<OpenSocket[] | undefined> {
  for (const directory of directories(ctx)) {
    const table = await ctx.tryReadText(`${directory}/${proto}`, { maxBytes: MAXIMUM_TABLE_BYTES });
    if (table !== undefined) return parseSockets(table, proto, endianness());
  }
  return undefined;
}

function details(sockets: readonly OpenSocket[], limit: number): Tree[] {
  return sockets.slice(0, limit).map(({ proto, source, dest, state }) => ({ proto, source, dest, state }));
}

/** Yields the ports that wait for peers, IPv4 and IPv6 together, and the sockets behind them. */
export default defineCollector<Options>({
  async collect(ctx) {
    const [tcp4, tcp6] = [await readTable(ctx, 'tcp'), await readTable(ctx, 'tcp6')];
    const [udp4, udp6] = [await readTable(ctx, 'udp'), await readTable(ctx, 'udp6')];
    if (!tcp4 && !tcp6 && !udp4 && !udp6) return ctx.notEligible('this kernel has no /proc/net/tcp and udp');
    const tcp = [...(tcp4 ?? []), ...(tcp6 ?? [])];
    const udp = [...(udp4 ?? []), ...(udp6 ?? [])];
    const limit = ctx.options.max_sockets;
    return {
      ports: portsOf([...tcp, ...udp]),
      tcp: portsOf(tcp),
      udp: portsOf(udp),
      details: { tcp: details(tcp, limit), udp: details(udp, limit) },
      sockets: { tcp: tcp.length, udp: udp.length },
    };
  },
});
