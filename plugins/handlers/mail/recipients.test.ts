import type { JsonObject } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { recipientsOf, rememberLeft } from './recipients.ts';

const contacts = ['a@example.org', 'b@example.org'];

it('gives those that are left of a mail, all contacts of another', () => {
  const state: JsonObject = {};
  rememberLeft(state, 'one', ['b@example.org']);
  expect(recipientsOf(state, 'one', contacts)).toEqual(['b@example.org']);
  expect(recipientsOf(state, 'two', contacts)).toEqual(contacts);
  rememberLeft(state, 'one', []);
  expect(state).toEqual({});
});

it('remembers a hundred mails and forgets the oldest', () => {
  const state: JsonObject = {};
  for (let index = 0; index <= 100; index += 1) rememberLeft(state, `mail${index}`, ['b@example.org']);
  expect(Object.keys(state.left as JsonObject)).toHaveLength(100);
  expect(recipientsOf(state, 'mail0', contacts)).toEqual(contacts);
  expect(recipientsOf(state, 'mail100', contacts)).toEqual(['b@example.org']);
});

it.each([{ left: 'x' }, { left: [] }, { left: { one: 'x' } }])('stands a state %j that is none', (state) => {
  expect(recipientsOf(state, 'one', contacts)).toEqual(contacts);
});
