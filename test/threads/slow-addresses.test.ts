import { once } from 'node:events';
import { connect, type LookupFunction, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { createTcp } from '../../threads/context/tcp.ts';
import { waitForSlowAddresses } from '../../threads/slow-addresses.ts';
import { jobOf, openPool } from './plugin-fixtures.ts';

const sockets: Socket[] = [];
const workers: Worker[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

/** A server that takes no connection until it is woken: the kernel drops what comes while its queue is full. */
async function serveLate(): Promise<{ port: number; wake(): void }> {
  const cells = new Int32Array(new SharedArrayBuffer(4));
  const code = `
    const { createServer } = require('node:net');
    const { parentPort, workerData } = require('node:worker_threads');
    const server = createServer((socket) => socket.on('error', () => {}).end('here'));
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(workerData, 0, 0);
    });`;
  const worker = new Worker(code, { eval: true, workerData: cells });
  workers.push(worker);
  const [port] = (await once(worker, 'message')) as [number];
  for (let queued = 0; queued < 2; queued += 1) {
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
  }
  const wake = (): void => {
    Atomics.store(cells, 0, 1);
    Atomics.notify(cells, 0);
  };
  return { port, wake };
}

it.skipIf(process.platform !== 'linux')('a host is reached whose first packet is lost', async () => {
  waitForSlowAddresses();
  const { port, wake } = await serveLate();
  const addresses = ['127.0.0.1', '127.0.0.9'].map((address) => ({ address, family: 4 }));
  const lookup: LookupFunction = (_, __, callback) => {
    callback(null, addresses);
    // By then the first packet is on its way.
    setImmediate(wake);
  };
  const tcp = createTcp(new AbortController().signal, () => ({ lookup }));
  const connection = await tcp('far.test', port);
  expect(await connection.read({ until: 'here' })).toBe('here');
  connection.close();
});

it('threads of plugins wait for slow addresses', async () => {
  const { pool } = openPool();
  const result = await pool.run(jobOf('knows-patience'));
  await pool.close(0);
  expect(result).toMatchObject({ status: 'done', value: { attempt_ms: 1500 } });
});
