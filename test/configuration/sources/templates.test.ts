import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inheritedOptions, resolveSecrets, secretSchema } from '../../../configuration/sources/options.ts';
import { findTemplate, isTemplateFile } from '../../../configuration/sources/templates.ts';

let pack = '';
beforeAll(() => {
  pack = mkdtempSync(join(tmpdir(), 'opsbro-templates-'));
  mkdirSync(join(pack, 'templates'));
  mkdirSync(join(pack, 'handlers/templates'), { recursive: true });
  writeFileSync(join(pack, 'templates/pack.tpl'), 'of the pack');
  writeFileSync(join(pack, 'templates/both.tpl'), 'of the pack');
  writeFileSync(join(pack, 'handlers/templates/both.tpl'), 'beside');
});
afterAll(() => rmSync(pack, { recursive: true, force: true }));

it.each([
  ['email.subject.tpl', true],
  ['sub/email.txt', true],
  ['/etc/mail.j2', true],
  ['Check {{ name }}', false],
  ['{{check.name}}', false],
  ['down.\n', false],
  ['none', false],
  ['', false],
])('takes %j for a file: %s', (text, expected) => {
  expect(isTemplateFile(text)).toBe(expected);
});

describe('a template of a file', () => {
  it.each([
    ['both.tpl', 'handlers/templates/both.tpl'],
    ['pack.tpl', 'templates/pack.tpl'],
    ['none.tpl', 'handlers/templates/none.tpl'],
  ])('%s lies beside the object, or in its pack', (name, file) => {
    expect(findTemplate(name, join(pack, 'handlers/mail.yml'))).toBe(join(pack, file));
  });

  it('may be named by its whole path', () => {
    const file = join(pack, 'templates/pack.tpl');
    expect(findTemplate(file, '/elsewhere/mail.yml')).toBe(file);
  });

  it('is read at each run, and null when it cannot be read', () => {
    const schema = { type: 'object', properties: { a: { format: 'template' }, b: { format: 'template' } } };
    const source = {
      read: (path: string) => {
        if (path === '/gone') throw new Error('gone');
        return 'line\n';
      },
      env: () => undefined,
    };
    expect(secretSchema(schema)).toBe(schema);
    expect(resolveSecrets(schema, { a: { file: '/there' }, b: 'as it is' }, source)).toEqual({
      a: 'line\n',
      b: 'as it is',
    });
    expect(resolveSecrets(schema, { a: { file: '/gone' } }, source)).toEqual({ a: null });
  });
});

it('takes ca_file over from agent.yml where the plugin has that option', () => {
  const agent = { ca_file: '/etc/ca.pem', port: 1 };
  const schema = (name: string) => ({ properties: { [name]: { type: 'string' } } });
  expect(inheritedOptions(schema('ca_file'), agent)).toEqual({ ca_file: '/etc/ca.pem' });
  expect(inheritedOptions(schema('port'), agent)).toEqual({});
  expect(inheritedOptions(schema('ca_file'), {})).toEqual({});
});
