import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { importOverc } from '../../importing/import-overc.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-overc-'));
  path = join(folder, 'server.ini');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ini = `; of the old host
[overc]
Database = mysql://overc:50%%@db/overc
loglevel: INFO
api_auth = a:b
theme=dark

[alert:Mail the ops]
command=./alert.d/mail.sh 'a b' ops@example.org
[alert:empty]
[other]
x=1
`;

it('turns a server.ini into the push server and a handler for each alert plugin', () => {
  writeFileSync(path, ini);
  const { files, handlers, database, report } = importOverc(path, {});
  expect({ handlers, database }).toEqual({ handlers: 1, database: 'mysql://overc:50%@db/overc' });
  expect(files.map(({ path: file, isSecret }) => [file, isSecret])).toEqual([
    ['overc/push.yml', true],
    ['overc/handlers/mail-the-ops.yml', false],
  ]);
  expect(files[0]?.text).toContain('overc:\n  enabled: true\n  api_auth: a:b\n');
  expect(files[0]?.shown).toContain('overc:\n  enabled: true\n  api_auth: "***"\n');
  expect(files[1]?.text).toContain(
    `handler:\n  type: overc\n  directory: ${folder}\n  command: ./alert.d/mail.sh 'a b' ops@example.org\n`,
  );
  expect(report.lost.map(({ place, object }) => [place.line, object])).toEqual([
    [4, 'loglevel'],
    [6, 'theme'],
    [10, '[alert:empty]'],
    [11, '[other]'],
  ]);
});

it('has variables of the environment win, and writes no secret of theirs', () => {
  writeFileSync(path, ini);
  const env = {
    OVERC_API_AUTH: 'c:d',
    OVERC_UI_AUTH: 'e:f',
    OVERC_DATABASE: 'postgres://x/y',
    OVERC_DB_LINK: 'DB_PORT',
  };
  const { files, database, report } = importOverc(path, env);
  expect(database).toBe('postgres://x/y');
  expect(files[0]).toMatchObject({ isSecret: false });
  expect(files[0]?.shown).toBeUndefined();
  expect(files[0]?.text).toMatch(/api_auth:\s+env: OVERC_API_AUTH\n\s+ui_auth:\s+env: OVERC_UI_AUTH\n/);
  expect(report.lost.map(({ object }) => object)).toContain('OVERC_DB_LINK');
  expect(importOverc(null, {})).toMatchObject({ database: null, handlers: 0 });
});

it('tells of a file that is absent, and of a line that is none', () => {
  expect(() => importOverc(path, {})).toThrow(`Config file does not exist: ${path}`);
  writeFileSync(path, '[overc]\nnonsense\n');
  expect(() => importOverc(path, {})).toThrow(
    `${path}:2: expected [section] or option=value, found 'nonsense'`,
  );
});
