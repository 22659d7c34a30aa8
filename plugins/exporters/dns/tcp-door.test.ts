import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { TcpDoor } from './tcp-door.ts';

const open: TcpDoor[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((door) => door.close()));
});

it('ends a connection that brings a query byte by byte for ever', async () => {
  const door = new TcpDoor(() => 0, 100);
  open.push(door);
  const socket = connect(await door.open('127.0.0.1', 0), '127.0.0.1').on('error', () => undefined);
  const trickle = setInterval(() => socket.write(Uint8Array.of(1)), 10);
  await expect.poll(() => socket.closed, { timeout: 4000 }).toBe(true);
  clearInterval(trickle);
  expect(socket.bytesWritten).toBeLessThan(100);
});

it('keeps one that asks again in time', async () => {
  const door = new TcpDoor((query, _, out) => {
    out.set(query);
    return query.length;
  }, 200);
  open.push(door);
  const socket = connect(await door.open('127.0.0.1', 0), '127.0.0.1');
  const began = performance.now();
  while (performance.now() - began < 500) {
    socket.write(Uint8Array.of(0, 1, 7));
    expect([...((await once(socket, 'data')) as [Buffer])[0]]).toEqual([0, 1, 7]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.destroy();
});
