import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSecrets } from '../../../threads/context/secrets.ts';

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
