import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Refused } from '../api/refused.ts';
import { type Asked, Door } from './door.ts';

let door: Door;
let port: number;
let asked: Asked[];
let sockets: Socket[];
let hold: Promise<void> | undefined;

beforeEach(async () => {
  asked = [];
  sockets = [];
  hold = undefined;
  const limits = { headerTimeoutMs: 5000, requestTimeoutMs: 5000, maxConnections: 50, maxBodyBytes: 100_000 };
  door = new Door({ ...limits, shortPaths: new Set(['/short']) }, async (one) => {
    asked.push(one);
    await hold;
    if (one.body.toString() === 'bad') throw new Refused(429, 'tóo much');
    return { status: 200, body: { path: one.path, body: one.body.toString(), via: one.headers.via ?? null } };
  });
  port = await door.open('127.0.0.1', 0);
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await door.close(0);
});

function post(body: string, lines: string[] = [], path = '/short', line = `POST ${path} HTTP/1.1`): string {
  return [line, 'Host: localhost', `Content-Length: ${Buffer.byteLength(body)}`, ...lines, '', body].join(
    '\r\n',
  );
}

/** Opens a connection; `read` gives all answers once there are so many. */
async function open(): Promise<{
  socket: Socket;
  answers(count: number): Promise<[status: number, body: string][]>;
}> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const parse = (): [number, string][] =>
    text
      .split(/(?=HTTP\/1\.1 )/)
      .filter((part) => part.includes('\r\n\r\n'))
      .map((part) => [Number(part.slice(9, 12)), part.slice(part.indexOf('\r\n\r\n') + 4)]);
  return {
    socket,
    async answers(count) {
      await expect.poll(() => parse().length).toBe(count);
      return parse();
    },
  };
}

const done = (body: string, via: string | null = null, path = '/short'): string =>
  JSON.stringify({ path, body, via });

it('answers one request after the other of a connection, on whichever way', async () => {
  const { socket, answers } = await open();
  socket.write(post('one', ['Via: a']));
  expect(await answers(1)).toEqual([[200, done('one', 'a')]]);
  socket.write(post('tẃo', ['Via: a']));
  await answers(2);
  socket.write(post('bad'));
  await answers(3);
  socket.write(post('four', [], '/long?x=1'));
  await answers(4);
  socket.write(post('five'));
  expect(await answers(5)).toEqual([
    [200, done('one', 'a')],
    [200, done('tẃo', 'a')],
    [429, '{"error":"tóo much"}'],
    [200, done('four', null, '/long')],
    [200, done('five')],
  ]);
  expect(asked[3]?.query.get('x')).toBe('1');
});

it('answers what comes together or in parts, in its order', async () => {
  const { socket, answers } = await open();
  socket.write(post('one') + post('two') + post('three'));
  expect(await answers(3)).toEqual(['one', 'two', 'three'].map((body) => [200, done(body)]));
  const other = await open();
  const text = post('piece');
  for (const part of [text.slice(0, 30), text.slice(30, -2), text.slice(-2)]) {
    other.socket.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await other.answers(1)).toEqual([[200, done('piece')]]);
});

it('keeps what comes while it answers for afterwards', async () => {
  let release = (): void => undefined;
  hold = new Promise((resolve) => {
    release = resolve;
  });
  const { socket, answers } = await open();
  socket.write(post('one'));
  await expect.poll(() => asked.length).toBe(1);
  socket.write(post('two'));
  socket.write(post('three'));
  release();
  expect(await answers(3)).toEqual(['one', 'two', 'three'].map((body) => [200, done(body)]));
});

it.each([
  [
    'chunked',
    `${post('', ['Transfer-Encoding: chunked']).replace('Content-Length: 0\r\n', '')}3\r\nabc\r\n0\r\n\r\n`,
    200,
  ],
  ['with a length and chunked', post('0\r\n\r\n', ['Transfer-Encoding: chunked']), 400],
  ['with two lengths', post('abc', ['Content-Length: 4']), 400],
  ['with a length that is none', post('abc').replace('Length: 3', 'Length: +3'), 400],
  ['without a host', post('abc').replace('Host: localhost\r\n', ''), 400],
  ['with a line that goes on', post('abc', ['X: a', ' b']), 400],
  ['with a space before a colon', post('abc', ['X : a']), 400],
  ['with bare line feeds', post('abc').replaceAll('\r\n', '\n'), 400],
  ['with a NUL', post('abc', ['X: a\0b']), 400],
  ['of HTTP/1.0', post('abc', [], '', 'POST /short HTTP/1.0'), 200],
  ['that wants to be closed', post('abc', ['Connection: close']), 200],
  ['by GET', post('', [], '', 'GET /short HTTP/1.1'), 200],
  ['too large', post('x'.repeat(150_000)), 413],
])('leaves a request %s to Node', async (_, text, status) => {
  const { socket, answers } = await open();
  socket.write(text);
  expect((await answers(1))[0]?.[0]).toBe(status);
});

it('ends connections as it closes, after what they asked is answered', async () => {
  let release = (): void => undefined;
  hold = new Promise((resolve) => {
    release = resolve;
  });
  const [idle, busy] = [await open(), await open()];
  busy.socket.write(post('one'));
  await expect.poll(() => asked.length).toBe(1);
  const closed = door.close(10_000);
  await once(idle.socket, 'end');
  release();
  expect(await busy.answers(1)).toEqual([[200, done('one')]]);
  for (const { socket } of [idle, busy]) socket.end();
  await closed;
});

it('serves a client that keeps its connection', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let turn = 0; turn < 5; turn += 1) {
    const sent = request({
      agent,
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/short',
      headers: { 'content-length': 1 },
    });
    sent.end('x');
    const [answer] = await once(sent, 'response');
    answer.resume();
    await once(answer, 'end');
    expect([answer.statusCode, sent.reusedSocket]).toEqual([200, turn > 0]);
  }
  agent.destroy();
});
