import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { keyringOf } from '../keyring.ts';
import { zoneKey } from '../seal.ts';
import { SealedLink } from '../sealed-link.ts';
import { frame } from './frames.ts';
import { SocketTransport, type SocketTransportOptions } from './socket-transport.ts';

const open: SocketTransport[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((transport) => transport.close()));
});

async function listen(changes: Partial<SocketTransportOptions> = {}): Promise<SocketTransport> {
  const transport = new SocketTransport({
    address: '127.0.0.1',
    port: 0,
    loopbackOnly: true,
    exchangeTimeoutMs: 10_000,
    maxExchanges: 4,
    ...changes,
  });
  open.push(transport);
  await transport.listen();
  return transport;
}

const at = (transport: SocketTransport): string => `127.0.0.1:${transport.port}`;
const bytes = (text: string): Uint8Array => Buffer.from(text);
const ask = (from: SocketTransport, endpoint: string, text = 'hello'): Promise<string | undefined> =>
  new Promise((resolve) => {
    from.exchange(endpoint, bytes(text), (answer) => {
      resolve(answer && Buffer.from(answer).toString());
    });
  });

it('carries datagrams, and tells where they came from', async () => {
  const [one, other] = await Promise.all([listen(), listen()]);
  const came = new Promise<[string, string]>((resolve) => {
    other.use({
      receive: (from, packet) => {
        resolve([from, Buffer.from(packet).toString()]);
        return false;
      },
      answer: (_packet, reply) => reply(undefined),
    });
  });
  one.send(at(other), bytes('ping'));
  expect(await came).toEqual([at(one), 'ping']);
});

it('says why it cannot listen, and what to do', async () => {
  const { port } = await listen();
  const taken = `127.0.0.1:${port} is in use, by TCP or UDP; give 'gossip' another 'port'`;
  await expect(listen({ port })).rejects.toThrow(taken);
  await expect(listen({ address: '192.0.2.99' })).rejects.toThrow(
    /^192\.0\.2\.99:0: this host has no such address/,
  );
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  await once(udp, 'listening');
  await expect(listen({ port: udp.address().port })).rejects.toThrow(/ is in use, by TCP or UDP/);
  udp.close();
});

it('exchanges a question for an answer, a large one too', async () => {
  const [one, other] = await Promise.all([listen(), listen()]);
  other.use({ receive: () => false, answer: (packet, reply) => reply(Buffer.concat([packet, packet])) });
  expect(await ask(one, at(other))).toBe('hellohello');
  const large = 'x'.repeat(3_000_000);
  expect(await ask(one, at(other), large)).toBe(large + large);
});

it('asks once more on the same connection', async () => {
  const [one, other] = await Promise.all([listen(), listen({ maxExchanges: 1 })]);
  other.use({ receive: () => false, answer: (packet, reply) => reply(Buffer.concat([packet, bytes('!')])) });
  const heard: string[] = [];
  const last = new Promise<void>((resolve) => {
    one.exchange(at(other), bytes('a'), (answer) => {
      heard.push(Buffer.from(answer ?? []).toString());
      if (heard.length < 2) return bytes('b');
      resolve();
    });
  });
  await last;
  expect([heard, other.figures.refusedExchanges]).toEqual([['a!', 'b!'], 0]);
});

it('asks once more by another connection one of an older version, who ends each with its answer', async () => {
  const one = await listen();
  const older = createServer((socket) =>
    socket.once('data', (asked) => socket.end(Buffer.concat([asked, bytes('')]))),
  );
  older.listen(0, '127.0.0.1');
  await once(older, 'listening');
  const heard: (string | undefined)[] = [];
  const last = new Promise<void>((resolve) => {
    one.exchange(`127.0.0.1:${(older.address() as AddressInfo).port}`, bytes('a'), (answer) => {
      heard.push(answer && Buffer.from(answer).toString());
      if (heard.length < 2) return bytes('b');
      resolve();
    });
  });
  await last;
  older.close();
  expect(heard).toEqual(['a', 'b']);
});

it('says why an exchange came to nothing', async () => {
  const [one, other] = await Promise.all([listen(), listen()]);
  expect(await ask(one, at(other))).toBeUndefined();
  expect(one.reason(at(other))).toMatch(/without an answer/);
  const gone = at(other);
  await other.close();
  expect(await ask(one, gone)).toBeUndefined();
  expect(one.reason(gone)).toBe('nobody listens there');
  expect(await ask(one, '198.51.100.1:6768')).toBeUndefined();
  expect(one.reason('198.51.100.1:6768')).toMatch(/no key/);
  expect(await ask(one, 'a-name:6768')).toBeUndefined();
});

it('knocks at a port', async () => {
  const [one, other] = await Promise.all([listen(), listen()]);
  const knock = (endpoint: string) => new Promise((resolve) => one.knock(endpoint, 10_000, resolve));
  expect(await knock(at(other))).toBe('open');
  const gone = at(other);
  await other.close();
  expect(await knock(gone)).toBe('refused');
  expect(await knock('198.51.100.1:6768')).toBe('silent');
});

it('ends an exchange that takes too long, on either side', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  const one = await listen({ exchangeTimeoutMs: 20 });
  expect(await ask(one, `127.0.0.1:${port}`)).toBeUndefined();
  expect(one.reason(`127.0.0.1:${port}`)).toBe('did not answer within 20 ms');
  silent.close();
  const idle = connect(one.port, '127.0.0.1');
  await once(idle, 'close');
});

it('takes so many exchanges at a time, and no message that is too long', async () => {
  const one = await listen({ maxExchanges: 1 });
  const first = connect(one.port, '127.0.0.1');
  await once(first, 'connect');
  const second = connect(one.port, '127.0.0.1');
  second.on('error', () => undefined);
  await once(second, 'close');
  expect(one.figures.refusedExchanges).toBe(1);
  const link = new SealedLink(one, keyringOf(zoneKey(new Uint8Array(32))), 'u', '00'.repeat(8));
  expect([one.served, link.served]).toEqual([1, 1]);
  first.write(frame(bytes('x')).fill(255, 0, 4));
  await once(first, 'close');
});

it('keeps room for others when one address opens all it can', async () => {
  const one = await listen({ maxExchanges: 4 });
  const greedy = Array.from({ length: 4 }, () => {
    const socket = connect({ port: one.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    return socket.on('error', () => undefined);
  });
  await expect.poll(() => greedy.filter(({ destroyed }) => destroyed).length).toBe(2);
  expect(one.figures.refusedExchanges).toBe(2);
  one.use({ receive: () => false, answer: (packet, reply) => reply(packet) });
  expect(await ask(await listen(), at(one))).toBe('hello');
  for (const socket of greedy) socket.destroy();
});

it('holds so much of large messages that are not whole yet, and small ones beside it', async () => {
  const one = await listen({ maxHeldBytes: 300_000 });
  one.use({ receive: () => false, answer: (packet, reply) => reply(packet.subarray(0, 5)) });
  const begin = (): Socket => {
    const socket = connect(one.port, '127.0.0.1').on('error', () => undefined);
    const whole = frame(Buffer.alloc(250_000));
    socket.write(whole.subarray(0, -1));
    return socket;
  };
  const first = begin();
  await expect.poll(() => one.heldBytes).toBe(250_003);
  const second = begin();
  await expect.poll(() => second.closed).toBe(true);
  expect([first.destroyed, one.figures.refusedExchanges]).toEqual([false, 1]);
  expect(await ask(await listen(), at(one))).toBe('hello');
  first.destroy();
  await expect.poll(() => one.heldBytes).toBe(0);
});

it('refuses a port that is taken, and can be closed twice', async () => {
  const one = await listen();
  await expect(listen({ port: one.port })).rejects.toMatchObject({ cause: { code: 'EADDRINUSE' } });
  await one.close();
  await one.close();
  one.send('127.0.0.1:1', bytes('x'));
  expect(one.figures.dropped).toBe(1);
});
