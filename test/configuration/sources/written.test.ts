import { expect, it } from 'vitest';
import { writtenText } from '../../../configuration/sources/written.ts';

const read = (...[parts]: Parameters<typeof writtenText>) => JSON.parse(writtenText(parts) ?? 'null');
const nothing = { options: undefined, schema: undefined, parameters: {} };

it('holds the keys, the options as they count and the parameters that are bound, without secrets', () => {
  const schema = {
    type: 'object',
    properties: { pin: { type: 'string', format: 'secret' }, port: { type: 'integer' } },
  };
  const value = {
    critical_if: '{{parameters.limits.load}} > 1',
    password: 'x',
    options: { port: 1 },
    pin: 'y',
  };
  const parameters = { limits: { load: 5 }, other: 1 };
  expect(read({ value, options: { pin: 'y', port: 1, retries: 3 }, schema, parameters })).toEqual({
    critical_if: '{{parameters.limits.load}} > 1',
    password: '********',
    pin: '********',
    port: 1,
    retries: 3,
    'parameters.limits.load': 5,
  });
  expect(read({ ...nothing, value: { options: { port: 1 } } })).toEqual({ port: 1 });
});

it('is not kept where it is very long', () => {
  expect(writtenText({ ...nothing, value: { notes: 'x'.repeat(16_400) } })).toBeUndefined();
});
