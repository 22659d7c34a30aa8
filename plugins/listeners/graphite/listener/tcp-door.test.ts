import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Intake, TcpDoor } from './tcp-door.ts';

/** What takes points, as a test wants it to be. */
class FakeIntake implements Intake {
  isPressed = false;
  dropped = 0;
  isKept: boolean | Promise<boolean> = true;
  #relief: () => void = () => undefined;

  settle(): void {}

  async kept(): Promise<boolean> {
    return this.isKept;
  }

  onRelief(run: () => void): () => void {
    this.#relief = run;
    return () => undefined;
  }

  relieve(): void {
    this.isPressed = false;
    this.#relief();
  }
}

let intake: FakeIntake;
let door: TcpDoor;
let port: number;
let readers: { closed: number };
let read: string[];
/** Called for each part that is read. */
let onRead: (text: string) => void;
const clients: Socket[] = [];

beforeEach(async () => {
  intake = new FakeIntake();
  read = [];
  const own = { closed: 0 };
  readers = own;
  onRead = () => undefined;
  door = new TcpDoor(intake, { connections: 3, idleMs: 60_000 }, () => ({
    push(bytes) {
      read.push(bytes.toString());
      onRead(bytes.toString());
    },
    close() {
      own.closed += 1;
    },
  }));
  port = await door.open('127.0.0.1', 0);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await door.close();
});

function dial(): Socket {
  const socket = connect(port, '127.0.0.1');
  clients.push(socket);
  socket.on('error', () => undefined);
  return socket;
}

async function client(): Promise<Socket> {
  const socket = dial();
  await once(socket, 'connect');
  return socket;
}

/** How a connection ended: by an end of the other side, or by a reset. */
async function endOf(socket: Socket): Promise<'end' | 'reset'> {
  let isEnded = false;
  socket.on('end', () => {
    isEnded = true;
  });
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  return isEnded ? 'end' : 'reset';
}

it('reads from nobody while memory fills, those neither who come meanwhile, and from all once there is room', async () => {
  const [one, two] = [await client(), await client()];
  await expect.poll(() => door.connections).toBe(2);
  onRead = () => {
    intake.isPressed = true;
  };
  one.write('a');
  await expect.poll(() => door.waiting).toBe(2);
  const three = await client();
  await expect.poll(() => door.waiting).toBe(3);
  onRead = () => undefined;
  two.write('b');
  three.write('c');
  expect(read).toEqual(['a']);
  intake.relieve();
  expect(door.waiting).toBe(0);
  await expect.poll(() => read.toSorted()).toEqual(['a', 'b', 'c']);
});

it.each([
  ['all of it is kept', 'end', true, 0],
  ['the disk did not take it', 'reset', false, 0],
  ['there was no room for some of it', 'reset', true, 1],
])('where %s, a sender that ends its side gets: %s', async (_, expected, isKept, lost) => {
  intake.isKept = isKept;
  onRead = () => {
    intake.dropped += lost;
  };
  const socket = await client();
  socket.end('a');
  expect(await endOf(socket)).toBe(expected);
  await expect.poll(() => readers.closed).toBe(1);
});

it('resets at its end each connection that was open when points were dropped, whoever brought those, and none that came later', async () => {
  const [reads, quiet] = [await client(), await client()];
  await expect.poll(() => door.connections).toBe(2);
  reads.write('a');
  await expect.poll(() => read).toEqual(['a']);
  // A datagram took the room.
  intake.dropped += 65_536;
  const later = await client();
  await expect.poll(() => door.connections).toBe(3);
  later.write('b');
  await expect.poll(() => read).toEqual(['a', 'b']);
  for (const socket of [reads, quiet, later]) socket.end();
  expect(await Promise.all([endOf(reads), endOf(quiet), endOf(later)])).toEqual(['reset', 'reset', 'end']);
});

it('resets a connection whose points are dropped while it waits for its end', async () => {
  let keep = (_: boolean): void => undefined;
  intake.isKept = new Promise((resolve) => {
    keep = resolve;
  });
  const socket = await client();
  const end = endOf(socket);
  socket.end('a');
  await expect.poll(() => read).toEqual(['a']);
  intake.dropped += 1;
  keep(true);
  expect(await end).toBe('reset');
});

it('resets who waits for its end when it closes, and who comes when there are too many', async () => {
  intake.isKept = new Promise(() => undefined);
  const parting = await client();
  const end = endOf(parting);
  parting.end('a');
  await expect.poll(() => read).toEqual(['a']);
  await Promise.all([client(), client()]);
  await expect.poll(() => door.connections).toBe(3);
  const refused = dial();
  refused.end('b');
  expect(await endOf(refused)).toBe('reset');
  expect(door.refused).toBe(1);
  await door.close();
  expect(await end).toBe('reset');
});

it('closes who stays silent though the time for it passed while nobody was read, and no sooner', async () => {
  let timeouts = 0;
  const note = (message: unknown): void => {
    (message as { socket: Socket }).socket.on('timeout', () => {
      timeouts += 1;
    });
  };
  subscribe('net.server.socket', note);
  const strict = new TcpDoor(intake, { connections: 3, idleMs: 20 }, () => ({ push: () => undefined }));
  try {
    intake.isPressed = true;
    const theirs = connect(await strict.open('127.0.0.1', 0), '127.0.0.1');
    clients.push(theirs);
    await expect.poll(() => timeouts).toBe(1);
    expect(strict.connections).toBe(1);
    intake.relieve();
    expect(strict.connections).toBe(1);
    await expect.poll(() => strict.connections).toBe(0);
  } finally {
    unsubscribe('net.server.socket', note);
    await strict.close();
  }
});

it('closes who comes when there are too many, and who brings what is no protocol', async () => {
  const first = await client();
  await client();
  await client();
  await endOf(dial());
  expect(door.refused).toBe(1);
  onRead = () => {
    throw new Error('no pickle');
  };
  first.write('x');
  await endOf(first);
  expect([door.broken, door.connections]).toEqual([1, 2]);
});
