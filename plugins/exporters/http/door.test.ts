import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Door } from './door.ts';

let door: Door;
let port: number;
let release: () => void;
let asked: string[];

beforeEach(async () => {
  asked = [];
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  door = new Door(
    {
      ...{ address: '127.0.0.1', port: 0, maxConnections: 9, maxConnectionsOfClient: 9 },
      ...{ headerTimeoutMs: 9000, requestTimeoutMs: 9000, answerTimeoutMs: 900_000 },
      clientOf: () => undefined,
      isUpgrade: ({ url }) => url === '/stream',
      upgrade: (_, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
    },
    async ({ url = '' }, response) => {
      asked.push(url);
      await held;
      response.end(url);
    },
  );
  port = Number(new URL(await door.open()).port);
});
afterEach(() => door.close(0));

const offer = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n${more}\r\n`;
const plain = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;

/** All that comes back for what is written at once, after the first request was seen. */
async function answersTo(text: string): Promise<string[]> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    answer += chunk;
  });
  socket.write(text);
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  release();
  const parts = () =>
    answer.split(/(?=HTTP\/1\.1 )/).map((part) => `${part.slice(9, 12)} ${part.split('\r\n\r\n')[1]}`);
  await expect.poll(() => parts().length).toBe(text.split('HTTP/1.1').length - 1);
  socket.destroy();
  await once(socket, 'close');
  return parts();
}

it.each([
  ['two offers', offer('/a') + offer('/b'), ['200 /a', '200 /b']],
  [
    'three offers and a request',
    offer('/a') + offer('/b') + offer('/c') + plain('/d'),
    ['200 /a', '200 /b', '200 /c', '200 /d'],
  ],
  [
    'requests before and behind an offer',
    plain('/a') + plain('/b') + offer('/c') + plain('/d'),
    ['200 /a', '200 /b', '200 /c', '200 /d'],
  ],
  ['an offer that is taken behind one that is not', offer('/a') + offer('/stream'), ['200 /a', '101 ']],
])('answers %s that come together, in their order', async (_, text, answers) => {
  expect(await answersTo(text)).toEqual(answers);
});

it('closes when its grace is over, also where an offer waits for an answer', async () => {
  const socket = connect({ port, host: '127.0.0.1' });
  const closed = once(socket, 'close');
  socket.write(plain('/a') + offer('/b'));
  await expect.poll(() => asked).toEqual(['/a']);
  await door.close(1);
  await closed;
});

it('outlives a client that leaves before an answer that an offer waits for', async () => {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(plain('/a') + offer('/b'));
  await expect.poll(() => asked).toEqual(['/a']);
  socket.resetAndDestroy();
  await once(socket, 'close');
  asked = [];
  release();
  expect(await answersTo(plain('/c'))).toEqual(['200 /c']);
});
