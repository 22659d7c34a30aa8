import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scaffoldKinds } from '../../authoring/scaffold.ts';
import { opsbro, root, scratch } from './new-plugin.ts';

let place: ReturnType<typeof scratch>;

beforeAll(() => {
  place = scratch();
});

afterAll(() => place.dispose());

function edit(file: string, from: string, to: string): void {
  const path = join(place.path, file);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

describe("'plugins test'", () => {
  it.each(scaffoldKinds)('passes a new %s: its own tests and its kind’s, in the sandbox', (kind) => {
    opsbro(place.path, 'plugins', 'new', kind, `a-${kind}`);
    const { code, stdout } = opsbro(place.path, 'plugins', 'test', `a-${kind}`);
    expect(stdout).not.toContain('✖');
    expect(stdout).toContain('✔ has the verb of its kind');
    expect(stdout).toMatch(/ℹ fail 0/);
    expect(code).toBe(0);
  });

  it.each([
    ['handler', 'chat.ts', 'url=http://127.0.0.1:9/hook', 'url'],
    ['exporter', 'plain-out.ts', 'port=9', 'port'],
  ])('runs the suite of a %s whose options are given, where nothing answers', (_, file, option, name) => {
    const path = join(root, 'test/fixtures/plugins/third-party', file);
    const without = opsbro(place.path, 'plugins', 'test', path);
    expect(without.stdout).toContain(`nothing answers: needs the options ${name}`);
    const { code, stdout } = opsbro(place.path, 'plugins', 'test', path, '--option', option);
    expect(stdout).toContain('✔ takes or refuses what it is given where nothing answers');
    expect(code).toBe(0);
    const wrong = opsbro(place.path, 'plugins', 'test', path, '--option', 'colour=red');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("'colour'")]);
  });

  it('fails for a permission that lacks, also over recorded files', () => {
    opsbro(place.path, 'plugins', 'new', 'collector', 'denied');
    edit('denied/plugin.yml', '/proc/sys/fs/file-nr', '/proc/uptime');
    const { code, stdout } = opsbro(place.path, 'plugins', 'test', 'denied');
    expect(code).toBe(1);
    expect(stdout).toMatch(/✖ yields documented plain data/);
    expect(stdout).toMatch(/✖ counts the open files/);
    expect(stdout).toContain('permissions: { read: ["/proc/sys/fs/file-nr"] }');
  });

  it('meets no Node, no process and no fetch in its own tests', () => {
    opsbro(place.path, 'plugins', 'new', 'detector', 'globals');
    edit(
      'globals/index.ts',
      'return scopes',
      'if (typeof globalThis !== "object") return [];\n    return scopes',
    );
    edit(
      'globals/index.ts',
      'const text =',
      "const seen = Object.getOwnPropertyNames(globalThis).filter((name) => ['process', 'require', 'module', 'fetch'].includes(name));\n    if (seen.length > 0) throw new Error(seen.join());\n    const text =",
    );
    expect(opsbro(place.path, 'plugins', 'test', 'globals').code).toBe(0);
  });

  it('fills in the defaults of the manifest where a test leaves options out', () => {
    opsbro(place.path, 'plugins', 'new', 'collector', 'defaults');
    edit('defaults/defaults.test.ts', '{ root, options: { percent: true } }', '{ root }');
    const { code, stdout } = opsbro(place.path, 'plugins', 'test', 'defaults');
    expect(stdout).toContain('✔ counts the open files');
    expect(code, stdout).toBe(0);
    const checked = opsbro(place.path, 'plugins', 'check', 'defaults');
    expect(checked).toMatchObject({ code: 0, stderr: '' });
  });

  it('refuses over recorded files what the host would: a path that is none, a program, a header, a port', () => {
    opsbro(place.path, 'plugins', 'new', 'detector', 'wrong');
    edit('wrong/plugin.yml', 'permissions:', 'permissions:\n  exec: [/bin/x]');
    edit(
      'wrong/index.ts',
      'const text =',
      `const said = [];
    const none = undefined as never;
    const words = [5] as never;
    const tries = [
      () => ctx.stat(none), () => ctx.kv.get(none), () => ctx.exec('/bin/x', words), () => ctx.tcp('a', none),
      () => ctx.http({ url: 'http://a', headers: { host: 'b' } }),
    ];
    for (const one of tries)
      await one().catch((error: Error) => said.push(error.message.replace(/ \\(at.*/, '')));
    if (said.length > 0) throw new Error(said.join('; '));
    const text =`,
    );
    const { stdout } = opsbro(place.path, 'plugins', 'test', 'wrong');
    const refused = [
      'path must be a text, found nothing',
      'key must be a text, found nothing',
      'args must be a text, found the number 5',
      'port must be a whole number from 1 on, found nothing',
      'the header host is not for plugins to set',
    ].join('; ');
    // Once on this host, and once over recorded files.
    expect(stdout.split(refused).length - 1, stdout).toBeGreaterThanOrEqual(2);
  });

  it('answers keys from what the test holds, as far as the prefixes go', () => {
    opsbro(place.path, 'plugins', 'new', 'detector', 'keeps');
    edit('keeps/plugin.yml', 'permissions:', 'permissions:\n  kv: [keeps/]');
    edit(
      'keeps/index.ts',
      'const text =',
      "await ctx.kv.put('keeps/a', 1);\n    if ((await ctx.kv.list('keeps/')).length !== 1) throw new Error('lost');\n    const text =",
    );
    const { code, stdout } = opsbro(place.path, 'plugins', 'test', 'keeps');
    expect(code, stdout).toBe(0);
    edit('keeps/index.ts', "'keeps/a'", "'others/a'");
    expect(opsbro(place.path, 'plugins', 'test', 'keeps').stdout).toContain(
      'permissions: { kv: ["others/a"] }',
    );
  });

  it('runs the examples of functions, and compares parameters with what the code takes', () => {
    opsbro(place.path, 'plugins', 'new', 'functions', 'counts');
    const good = opsbro(place.path, 'plugins', 'test', 'counts');
    expect(good.stdout).toContain('✔ gives what the example of counts says');
    expect(good.stdout).toContain('✔ takes the parameters that its manifest declares');
    edit('counts/plugin.yml', 'result: true', 'result: false');
    edit('counts/index.ts', '(ctx, path)', '(ctx, path, word: unknown)');
    const bad = opsbro(place.path, 'plugins', 'test', 'counts');
    expect(bad.stdout).toContain("counts('/etc/passwd') > 0 is true, its manifest says false");
    expect(bad.stdout).toContain(
      'the code of counts takes 2 values behind ctx, the manifest declares 1: path',
    );
    expect(bad.code).toBe(1);
  });

  it('ends an endless loop in a test, and says so', () => {
    opsbro(place.path, 'plugins', 'new', 'detector', 'loops');
    edit('loops/index.ts', 'const text =', 'for (;;);\n    const text =');
    const { code, stdout } = opsbro(place.path, 'plugins', 'test', 'loops');
    expect(code).toBe(1);
    expect(stdout).toContain('more than 200 ms of processor time');
  });

  it('passes a plugin in one file that has no test, and says that it has none', () => {
    opsbro(place.path, 'plugins', 'new', 'check', 'single', '--single-file');
    const { code, stderr } = opsbro(place.path, 'plugins', 'test', 'single.ts');
    expect(stderr).toContain('no test of its own');
    expect(code).toBe(0);
  });
});
