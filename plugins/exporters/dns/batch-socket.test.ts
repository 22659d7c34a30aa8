import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import { BatchSocket } from './batch-socket.ts';
import { maxQueryBytes } from './query.ts';
import { UdpDoor } from './udp-door.ts';

const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

function hasKoffi(): boolean {
  try {
    createRequire(import.meta.url)('koffi');
    return true;
  } catch {
    return process.env.OPSBRO_TEST_REQUIRE === 'all';
  }
}

async function client(type: 'udp4' | 'udp6' = 'udp4'): Promise<{ socket: Socket; heard: string[] }> {
  const socket = createSocket(type);
  const heard: string[] = [];
  socket.on('message', (text) => heard.push(String(text)));
  socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1');
  await once(socket, 'listening');
  opened.push(socket);
  return { socket, heard };
}

/** Resolves when the system has taken it, and on loopback has it at the other end. */
function send(socket: Socket, text: string, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) =>
    socket.send(text, port, address, (error) => (error === null ? resolve() : reject(error))),
  );
}

async function freePort(): Promise<number> {
  const { socket } = await client();
  const { port } = socket.address();
  opened.splice(opened.indexOf(socket), 1);
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Says what it was told and by whom; nothing to those who say nothing. */
function echo(query: Uint8Array, length: number, from: string, out: Uint8Array): number {
  const text = `${Buffer.from(query.subarray(0, Math.min(length, 9)))} ${length} ${from}`;
  return length === 0 ? 0 : Buffer.from(out.buffer, out.byteOffset, out.length).write(text);
}

describe.skipIf(!hasKoffi())('a batch socket (needs koffi)', () => {
  function open(address: string, port: number): BatchSocket {
    const socket = BatchSocket.open(address, port);
    expect(socket).toBeDefined();
    opened.push(socket!);
    return socket!;
  }

  it('answers in one go all that waits, each to who asked', async () => {
    const port = await freePort();
    const socket = open('127.0.0.1', port);
    socket.drain(() => expect.unreachable());
    const clients = [await client(), await client()];
    const wanted: string[][] = [[], []];
    for (let count = 0; count < 100; count += 1) {
      await send(clients[count % 2]!.socket, `number ${count}`, port, '127.0.0.1');
      wanted[count % 2]!.push(`number ${count} ${count < 10 ? 8 : 9} 127.0.0.1`);
    }
    socket.drain(echo);
    await expect.poll(() => clients.map(({ heard }) => heard)).toEqual(wanted);
  });

  it('leaves out who gets no answer, and sees that a text is too long', async () => {
    const port = await freePort();
    const socket = open('127.0.0.1', port);
    const { socket: asks, heard } = await client();
    for (const text of ['first', '', 'x'.repeat(9000), 'last']) await send(asks, text, port, '127.0.0.1');
    const lengths: number[] = [];
    socket.drain((query, length, from, out) => {
      lengths.push(length);
      return echo(query, length, from, out);
    });
    expect(lengths).toEqual([5, 0, expect.any(Number), 4]);
    expect(lengths[2]).toBeGreaterThan(maxQueryBytes);
    await expect.poll(() => heard).toHaveLength(3);
    expect([heard[0], heard[2]]).toEqual(['first 5 127.0.0.1', 'last 4 127.0.0.1']);
  });

  it('tells senders by IPv6, and those of IPv4 as the system does', async () => {
    const port = await freePort();
    const socket = open('::', port);
    const [six, four] = [await client('udp6'), await client()];
    await send(six.socket, 'six', port, '::1');
    await send(four.socket, 'four', port, '127.0.0.1');
    socket.drain(echo);
    await expect.poll(() => [six.heard, four.heard]).toEqual([['six 3 ::1'], ['four 4 ::ffff:127.0.0.1']]);
  });

  it('says by its code why an address cannot be had, and takes none with a scope', async () => {
    const { socket: other } = await client();
    expect(() => BatchSocket.open('127.0.0.1', other.address().port)).toThrow('EADDRINUSE');
    expect(() => BatchSocket.open('192.0.2.1', 0)).toThrow('EADDRNOTAVAIL');
    expect(BatchSocket.open('fe80::1%lo', 0)).toBeUndefined();
  });
});

it.each([
  ['in batches', undefined],
  ['one by one', () => undefined],
])('a door answers %s, and lets nobody beside it', async (_, openBatch) => {
  const door = new UdpDoor('127.0.0.1', echo, openBatch);
  const port = await door.open('127.0.0.1', 0);
  opened.push(door);
  const { socket, heard } = await client();
  const wanted = Array.from({ length: 50 }, (_, count) => `${count} ${String(count).length} 127.0.0.1`);
  for (let count = 0; count < 50; count += 1) socket.send(`${count}`, port, '127.0.0.1');
  await expect.poll(() => [...heard].sort()).toEqual(wanted.sort());
  const thief = createSocket({ type: 'udp4', reuseAddr: true });
  opened.push(thief);
  thief.bind(port, '127.0.0.1');
  const [error] = (await once(thief, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('EADDRINUSE');
});
