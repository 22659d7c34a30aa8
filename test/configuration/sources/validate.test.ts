import { expect, it } from 'vitest';
import { kindSchemas } from '../../../configuration/sources/kinds.ts';
import { validate } from '../../../configuration/sources/validate.ts';

const wanted = "expected a text of one line without '/' that begins with neither '$' nor a space";

it.each([
  ['my/check', '"/" at character 3'],
  ['$x', '"$" at character 1'],
  [' x', '" " at character 1'],
  ['a\nb/', '"\\n" at character 2'],
])('names the character that is not allowed in the id %j', (id, found) => {
  const [finding, ...others] = validate(kindSchemas.check, { id, critical_if: 'x' }, 'a check');
  expect(finding?.message).toBe(`'id' is the text ${JSON.stringify(id)}, ${wanted}; found ${found}`);
  expect(others).toEqual([]);
});

it('shows the pattern of a plugin that does not say what it allows', () => {
  const schema = { type: 'object', properties: { port: { type: 'string', pattern: '^[0-9]+$' } } };
  expect(validate(schema, { port: '8o' }, 'it').map(({ message }) => message)).toEqual([
    `'port' is the text "8o", expected a text like ^[0-9]+$; found "o" at character 2`,
  ]);
});

it.each([
  ['^/', 'opsbro.pid', 'an absolute path; found "o" at character 1'],
  ['^https?://', 'example.org', 'an address such as \'https://www.example.org/\'; found "e" at character 1'],
])('says in words what the pattern %s wants', (pattern, text, wants) => {
  const schema = { type: 'object', properties: { it: { type: 'string', pattern } } };
  expect(validate(schema, { it: text }, 'it').map(({ message }) => message)).toEqual([
    `'it' is the text "${text}", expected ${wants}`,
  ]);
});

it.each([
  ['range', '20:10', "a range such as '10', '10:', '~:10', '10:20' or '@10:20'"],
  ['range', '5 apples', "a range such as '10', '10:', '~:10', '10:20' or '@10:20'"],
  ['regex', 'a(b', 'a regular expression; Invalid regular expression: /a(b/'],
])('says what a %s may be when it is %j', (format, text, wants) => {
  const schema = { type: 'object', properties: { it: { type: ['string', 'number'], format } } };
  const [finding] = validate(schema, { it: text }, 'check/it');
  expect(finding?.message).toContain(`'it' is the text "${text}", expected ${wants}`);
  for (const good of [5, '@1:2', '10']) expect(validate(schema, { it: good }, 'check/it')).toEqual([]);
});
