import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPlugin } from '../../authoring/plugin-place.ts';
import { scaffoldKinds } from '../../authoring/scaffold.ts';
import { opsbro, root, scratch, typeErrors } from './new-plugin.ts';

let place: ReturnType<typeof scratch>;

beforeAll(() => {
  place = scratch();
});

afterAll(() => place.dispose());

describe.each(scaffoldKinds)("'plugins new %s'", (kind) => {
  const name = `my-${kind}`;

  it('makes a folder whose types are right and whose tests pass', () => {
    const made = opsbro(place.path, 'plugins', 'new', kind, name);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain(`opsbro plugins check ${name}`);
    const folder = join(place.path, name);
    expect(typeErrors(folder)).toBe('');
    const tests = spawnSync(
      process.execPath,
      ['--import', join(root, 'dist/authoring/test-entry.js'), '--test', join(folder, `${name}.test.ts`)],
      { encoding: 'utf8', env: { PATH: process.env.PATH } },
    );
    expect(tests.stdout).toMatch(/^# fail 0$/m);
    expect(tests.stdout).not.toMatch(/^# pass 0$/m);
  });

  it('makes one file that opens with its manifest', () => {
    const single = `one-${kind}`;
    expect(opsbro(place.path, 'plugins', 'new', `${kind}`, single, '--single-file').code).toBe(0);
    const file = join(place.path, `${single}.ts`);
    expect(readPlugin(file)).toMatchObject({ id: `${kind}/${single}`, isSingleFile: true });
    writeFileSync(
      join(place.path, 'tsconfig.json'),
      readFileSync(join(place.path, name, 'tsconfig.json'), 'utf8').replace('*.ts', `${single}.ts`),
    );
    expect(typeErrors(place.path)).toBe('');
  });

  it('comes with the types that its manifest has', () => {
    const file = join(place.path, name, 'plugin.d.ts');
    if (kind === 'functions') return expect(existsSync(file)).toBe(false);
    const before = readFileSync(file, 'utf8');
    expect(opsbro(place.path, 'plugins', 'types', name)).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });
});

describe("'plugins new'", () => {
  it('overwrites nothing', () => {
    writeFileSync(join(place.path, 'mine.ts'), 'mine');
    const folder = opsbro(place.path, 'plugins', 'new', 'check', 'my-check');
    expect(folder).toMatchObject({ code: 2, stdout: '' });
    expect(folder.stderr).toMatch(/my-check exists already; take another name or --dir\n$/);
    expect(opsbro(place.path, 'plugins', 'new', 'check', 'mine', '--single-file').code).toBe(2);
    expect(readFileSync(join(place.path, 'mine.ts'), 'utf8')).toBe('mine');
  });

  it.each([
    ['colector', 'x', /no plugin can be of the kind 'colector'; did you mean 'collector'\?/],
    ['listener', 'x', /it is one of collector, detector, check, handler, exporter, functions|did you mean/],
    ['check', 'Über', /'Über' is no name of a plugin/],
    ['check', '../x', /'\.\.\/x' is no name of a plugin/],
  ])('refuses %s %s', (kind, name, expected) => {
    const refused = opsbro(place.path, 'plugins', 'new', kind, name);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(expected);
  });

  it('writes files that configuration takes, in the directory that is said', () => {
    expect(opsbro(place.path, 'plugins', 'new', 'collectors', 'deep', '--dir', 'a/b').code).toBe(0);
    expect(statSync(join(place.path, 'a/b/deep/plugin.yml')).mode & 0o022).toBe(0);
  });
});
