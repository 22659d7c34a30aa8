import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSecrets, saidWithoutSecrets, secretTexts } from '../../../threads/context/secrets.ts';

const schema = { type: 'object', properties: { password: { type: 'string', format: 'secret' } } };
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-secrets-'));
  writeFileSync(join(folder, 'good'), 'hunter2');
  writeFileSync(join(folder, 'large'), 'x'.repeat(65_537));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const secret = (name: string): unknown =>
  openSecrets(schema, { password: { file: join(folder, name) } }, {}).password;

it('gives what is in the file', () => {
  expect(secret('good')).toBe('hunter2');
});

it.each([
  ['large', 'OPSBRO_HOST_TOO_LARGE'],
  ['absent', 'OPSBRO_HOST_IO'],
  ['', 'OPSBRO_HOST_IO'],
])('names %j when it cannot be used', (name, code) => {
  expect(() => secret(name)).toThrow(expect.objectContaining({ code }));
});

it('does not wait for somebody to write to a FIFO', () => {
  expect(secret('fifo')).toBe('');
});

it('finds secrets of at least four characters, and each line of a longer one, the longest first', () => {
  const nested = {
    type: 'object',
    properties: { all: { type: 'array', items: schema }, key: { format: 'secret' } },
  };
  const options = {
    all: [{ password: 'abc' }, { password: 'hunter2' }],
    key: 'BEGIN KEY\nMIIBxyz\n==\n',
    other: 'seen',
  };
  expect(secretTexts(nested, options)).toEqual(['BEGIN KEY\nMIIBxyz\n==', 'BEGIN KEY', 'hunter2', 'MIIBxyz']);
  expect(secretTexts(undefined, options)).toEqual([]);
});

it('leaves level and code as they are, whatever the secret', () => {
  const said = {
    logs: [{ level: 'warn', message: 'warn hunter' } as const],
    error: { code: 'OPSBRO_PLUGIN_FAILED', message: 'PLUGIN hunter', data: { stack: ['hunter (x.ts:1:1)'] } },
    value: 'hunter',
  };
  expect(saidWithoutSecrets(said, ['PLUGIN', 'hunter', 'warn'])).toEqual({
    logs: [{ level: 'warn', message: '******** ********' }],
    error: {
      code: 'OPSBRO_PLUGIN_FAILED',
      message: '******** ********',
      data: { stack: ['******** (x.ts:1:1)'] },
    },
    value: 'hunter',
  });
});
