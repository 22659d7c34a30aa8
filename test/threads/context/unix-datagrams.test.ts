import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeUnixDatagrams, unixDatagramSocket } from '../../../threads/context/unix-datagrams.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-unix-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function send(path: string, bytes: Buffer): Promise<void> {
  const socket = unixDatagramSocket();
  return new Promise<void>((resolve, reject) => {
    socket.sendTo(bytes, 0, bytes.length, path, (error) => (error ? reject(error) : resolve()));
  }).finally(() => socket.close());
}

it('takes datagrams, and lets go of the path', async () => {
  const path = join(folder, 'socket');
  const taken: string[] = [];
  const first = await takeUnixDatagrams(path, (bytes) => taken.push(Buffer.from(bytes).toString()));
  expect(statSync(path).mode & 0o777).toBe(0o660);
  const large = 'x'.repeat(8000);
  for (const text of ['one', 'two\n', large]) await send(path, Buffer.from(text));
  await expect.poll(() => taken).toEqual(['one', 'two\n', large]);
  await expect(takeUnixDatagrams(path, () => undefined)).rejects.toThrow('is in use');
  first.close();
  first.close();
  await expect(send(path, Buffer.from('three'))).rejects.toThrow();
});

it('takes over what an earlier program left, and nothing else', async () => {
  const path = join(folder, 'socket');
  const left = unixDatagramSocket();
  left.on('error', () => undefined);
  left.bind(path);
  left.close();
  const taken: string[] = [];
  const second = await takeUnixDatagrams(path, (bytes) => taken.push(Buffer.from(bytes).toString()));
  await send(path, Buffer.from('one'));
  await expect.poll(() => taken).toEqual(['one']);
  second.close();
  writeFileSync(path, 'a file');
  await expect(takeUnixDatagrams(path, () => undefined)).rejects.toThrow('is no socket');
  await expect(takeUnixDatagrams(join(folder, 'none', 'socket'), () => undefined)).rejects.toThrow(
    'cannot listen',
  );
});
