import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { ServiceDefinition } from 'opsbro/sdk';
import { serviceContext } from '../../sdk/testing/index.ts';

const [, , what = '', port = ''] = process.argv;
const receiveBytes = 16 * 1024 * 1024;

/** What a server has taken so far, and the room it has for datagrams that wait. */
export interface Counts {
  packets: number;
  bufferBytes: number;
}

/** The plugin as it ships. */
async function ours(): Promise<() => Promise<Counts>> {
  const plugin = new URL('../../plugins/listeners/statsd/index.js', import.meta.url);
  const { default: statsd } = (await import(plugin.href)) as { default: ServiceDefinition<object> };
  const options = {
    ...{ address: '127.0.0.1', port: Number(port), udp: true, tcp: false, socket: '', interval: '10s' },
    ...{ naming: 'opsbro', percentiles: [], receive_buffer: `${receiveBytes}B`, max_names: 100_000 },
    ...{ forget: '24h', management: false, management_port: 0 },
  };
  const ctx = serviceContext({ options });
  await statsd.start(ctx);
  return async () => {
    // What it hands on is not kept, as in an agent.
    ctx.published.length = 0;
    const route = { route: '/api/v1/statsd', method: 'GET', params: {}, query: {}, body: null };
    const { body } = await ctx.request(route);
    const told = body as unknown as { packets: number; receive_buffer: { granted_bytes: number } };
    return { packets: told.packets, bufferBytes: told.receive_buffer.granted_bytes };
  };
}

/** A socket of Node that counts. */
async function bare(): Promise<() => Promise<Counts>> {
  let packets = 0;
  const socket = createSocket({ type: 'udp4', recvBufferSize: receiveBytes });
  socket.on('message', () => {
    packets += 1;
  });
  socket.bind(Number(port), '127.0.0.1');
  await once(socket, 'listening');
  return async () => ({ packets, bufferBytes: socket.getRecvBufferSize() });
}

if (what === 'ours' || what === 'bare') {
  const counts = what === 'ours' ? await ours() : await bare();
  process.on('message', async () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ ...(await counts()), cpuMicros: user + system });
  });
  process.send?.('ready');
}
