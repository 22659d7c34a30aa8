import type { Json } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { beforeEach, expect, it } from 'vitest';
import { TokenBook } from './token-book.ts';

let now = 0;
let book: TokenBook;
const { kv } = serviceContext();
const clock = { now: () => now, monotonic: () => now };

beforeEach(async () => {
  now = Date.parse('2026-01-01T00:00:00Z');
  for (const key of await kv.list('')) await kv.delete(key);
  book = await TokenBook.open(kv, clock);
});

const add = (name: string, expiresAt: number | null = null) => book.add(name, 'read', expiresAt);

it('keeps a token over a restart, and never its text', async () => {
  const { text } = await add('one');
  expect(text).toMatch(/^opsbro_[\w-]{43}$/);
  const [key = ''] = await kv.list('');
  const kept = JSON.stringify(await kv.get(key));
  expect(kept).not.toContain(text.slice(7, 20));
  const again = await TokenBook.open(kv, clock);
  expect(again.find(text)).toMatchObject({ name: 'one', scope: 'read' });
  expect(again.find(`${text}x`)).toBeUndefined();
  expect(again.find(text.slice(0, -1))).toBeUndefined();
});

it('lets a token end at its time, and says so', async () => {
  const { text } = await add('one', now + 1000);
  expect(book.find(text)).toBeDefined();
  now += 1000;
  expect(book.find(text)).toBeUndefined();
  expect(book.list()).toMatchObject([
    { name: 'one', state: 'expired', last_used_at: '2026-01-01T00:00:00.000Z' },
  ]);
});

it('takes rights away even while the disk refuses', async () => {
  const refusing = { ...kv, delete: () => Promise.reject(new Error('full')) };
  book = await TokenBook.open(refusing, clock);
  const { text } = await add('one');
  await expect(book.revoke('one')).rejects.toThrow('full');
  expect([book.find(text), book.list()[0]?.state, book.snapshot()]).toEqual([undefined, 'revoked', []]);
});

it.each([
  ['', 'read', null, 'is named by'],
  ['a/b', 'read', null, 'is named by'],
  ['one', 'root', null, 'is one of read'],
  ['one', 'read', 1, 'no time that is to come'],
  ['one', 'read', Number.NaN, 'no time that is to come'],
  ['known', 'read', null, "there is a token 'known'"],
])('refuses %j, %j, %j', async (name, scope, expiresAt, message) => {
  await add('known');
  await expect(book.add(name, scope, expiresAt)).rejects.toThrow(message);
});

it('holds 256 tokens, and no two of a name that are made at once', async () => {
  const twice = await Promise.allSettled([add('one'), add('one')]);
  expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  for (let at = 1; at < 256; at += 1) await add(`token-${at}`);
  await expect(add('more')).rejects.toThrow('there are 256 tokens');
});

it('passes over what it cannot read', async () => {
  for (const [name, value] of Object.entries({ a: 1, b: { scope: 'all' }, c: { scope: 'read', hash: 'x' } }))
    await kv.put(`http/tokens/${name}`, value as Json);
  expect((await TokenBook.open(kv, clock)).list()).toEqual([]);
});
