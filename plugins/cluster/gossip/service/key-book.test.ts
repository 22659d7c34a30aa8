import type { Json } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { KeyBook } from './key-book.ts';

const key = (byte: number): string => Buffer.alloc(16, byte).toString('base64');
const [first, second, third] = [key(1), key(2), key(3)];

it('has the keys of the configuration, the first of which seals', () => {
  const book = new KeyBook(first, [second], undefined);
  expect(book.list().map(({ active }) => active)).toEqual([true, false]);
  expect(JSON.stringify(book.list())).not.toContain(first);
  expect(new KeyBook(undefined, [second], undefined).ring).toBeUndefined();
  expect(new KeyBook('', [], undefined).ring).toBeUndefined();
});

it('keeps what was changed, until the configuration changes', () => {
  const book = new KeyBook(first, [], undefined);
  book.change('install', second);
  const { id } = book.list()[1]!;
  book.change('use', id);
  book.change('remove', first);
  expect(book.list()).toEqual([{ id, active: true }]);
  expect(new KeyBook(first, [], book.saved()).list()).toEqual([{ id, active: true }]);
  expect(new KeyBook(third, [], book.saved()).list()).toHaveLength(1);
  expect(new KeyBook(third, [], book.saved()).list()[0]?.id).not.toBe(id);
  expect(new KeyBook(undefined, [], book.saved()).ring).toBeUndefined();
});

it.each<Json>([7, null, [], { configured: 'x' }, { configured: 'x', active: 'y', keys: [7] }])(
  'goes by the configuration where what was saved is %j',
  (saved) => {
    expect(new KeyBook(first, [], saved).list()).toHaveLength(1);
  },
);

it('goes by the configuration where a key that was saved is none', () => {
  const saved = new KeyBook(first, [], undefined).saved() as { keys: string[] };
  expect(new KeyBook(first, [], { ...saved, keys: ['no key'] }).list()).toHaveLength(1);
});

it.each([
  ['install', 'no base64!', /base64/],
  ['install', Buffer.alloc(15).toString('base64'), /16 or 32 bytes/],
  ['use', second, /is installed/],
  ['remove', first, /seals what is sent/],
] as const)('refuses to %s %s', (act, text, message) => {
  expect(() => new KeyBook(first, [], undefined).change(act, text)).toThrow(message);
});

it('says what to do without a key', () => {
  expect(() => new KeyBook(undefined, [], undefined).change('install', first)).toThrow(/gossip: \{key/);
});
