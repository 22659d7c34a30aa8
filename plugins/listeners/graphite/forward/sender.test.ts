import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ForwardQueue } from './queue.ts';
import { Sender } from './sender.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-sender-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

it('knocks later and later where connections are taken only to be ended', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const queue = new ForwardQueue({ folder, maxBytes: 1e6, grown: () => undefined, tell: () => undefined });
  await queue.open();
  const ended: string[] = [];
  const sender = new Sender({
    destination: { host: '127.0.0.1', port, instance: null },
    ...{ queue, isPickle: false, random: () => 0.5 },
    changed: (isConnected, reason) => void (isConnected || ended.push(reason)),
  });
  sender.start();
  for (const [turn, ms] of [500, 1000, 2000].entries()) {
    await vi.waitFor(() => expect(ended).toHaveLength(turn + 1));
    sender.soon();
    await new Promise((resolve) => setImmediate(resolve));
    expect(connections).toBe(turn + 1);
    await vi.advanceTimersByTimeAsync(ms);
  }
  await sender.stop();
  await queue.close();
  server.close();
});
