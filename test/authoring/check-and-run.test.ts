import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { opsbro, root, scratch } from './new-plugin.ts';

let place: ReturnType<typeof scratch>;

beforeAll(() => {
  place = scratch();
  opsbro(place.path, 'plugins', 'new', 'collector', 'files');
  opsbro(place.path, 'plugins', 'new', 'check', 'up', '--single-file');
  opsbro(place.path, 'plugins', 'new', 'functions', 'lines');
  opsbro(place.path, 'plugins', 'new', 'detector', 'six');
});

afterAll(() => place.dispose());

/** Changes a file of a plugin for as long as `act` runs. */
function changed<T>(file: string, change: (text: string) => string, act: () => T): T {
  const path = join(place.path, file);
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, change(before));
  try {
    return act();
  } finally {
    writeFileSync(path, before);
  }
}

const said = (...words: string[]) => opsbro(place.path, 'plugins', ...words);

describe("'plugins check'", () => {
  it('says what a plugin asks for, and that it is right', () => {
    expect(said('check', 'files')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(
        /^collector\/files {2}ok .*\nbundle: .*, types: right\nasks for:\n {2}reads \/proc\/sys\/fs\/file-nr\n/,
      ),
    });
    expect(said('check', 'up.ts')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('types: right'),
    });
  });

  it.each([
    ['files/plugin.yml', 'api: 1', 'api: 2', /^opsbro: files\/plugin\.yml:1:6: 'api' is the number 2/],
    ['files/plugin.yml', '/proc/sys', 'proc/sys', /plugin\.yml:\d+:\d+: permission 'read'/],
    [
      'files/plugin.yml',
      'type: boolean',
      'type: bool',
      /^opsbro: files\/plugin\.yml:\d+:\d+: 'options' is no JSON Schema: /,
    ],
    ['files/index.ts', 'options.percent', 'options.percnt', /index\.ts\(9,\d+\): .*'percnt' does not exist/],
    [
      'files/index.ts',
      'import {',
      "import 'node:fs';\nimport {",
      /index\.ts:1:\d+.*Node's module 'node:fs'.*; ctx\.readText .*permissions: \{ read/,
    ],
    ['files/index.ts', 'return values', 'return undefined', /not assignable/],
  ])('tells with its place what is wrong in %s: %s as %s', (file, from, to, expected) => {
    const found = changed(
      file,
      (text) => text.replace(from, to),
      () => said('check', 'files'),
    );
    expect(found).toMatchObject({ code: 1, stdout: '' });
    expect(found.stderr).toMatch(expected);
  });

  it.each([
    [
      'lines/plugin.yml',
      'parameters: [',
      'parameters: [{ name: pth }, ',
      /plugin\.yml:\d+:\d+: the example of lines: .*lines/,
    ],
    [
      'lines/plugin.yml',
      '"lines(\'/etc/passwd\') > 0"',
      '"1 > 0"',
      /the example of lines: '1 > 0' does not call lines/,
    ],
    [
      'lines/plugin.yml',
      '"lines(\'/etc/passwd\') > 0"',
      '"lines(1) + lins(2)"',
      /the example of lines: .*lins/,
    ],
    [
      'lines/plugin.yml',
      '"lines(\'/etc/passwd\') > 0"',
      '"lines(1 +"',
      /plugin\.yml:9:\d+: the example of lines: /,
    ],
  ])('tells which example of %s cannot be: %s as %s', (file, from, to, expected) => {
    const found = changed(
      file,
      (text) => text.replace(from, to),
      () => said('check', 'lines'),
    );
    expect(found).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(expected) });
  });

  it('warns of a name that a shipped plugin or function has', () => {
    const named = changed(
      'files/plugin.yml',
      (text) => text.replace('name: files', 'name: memory'),
      () => said('check', 'files'),
    );
    expect(named).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /the plugin collector\/memory exists already in .*; give this one another name/,
      ),
    });
    const called = changed(
      'lines/plugin.yml',
      (text) => text.replaceAll('lines:', 'grep:').replaceAll('lines(', 'grep('),
      () => said('check', 'lines'),
    );
    expect(called).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /the function 'grep' of functions\/lines is never called, for functions\/\S+ gives/,
      ),
    });
  });

  it('says with a type error that the written types are old', () => {
    const used = changed(
      'files/plugin.yml',
      (text) => text.replace(/\n {4}percent:/, '\n    share:'),
      () =>
        changed(
          'files/index.ts',
          (text) => text.replaceAll('options.percent', 'options.share'),
          () => said('check', 'files'),
        ),
    );
    expect(used).toMatchObject({ code: 1, stderr: expect.stringMatching(/'share' does not exist/) });
    expect(used.stderr).toMatch(
      /files\/plugin\.d\.ts is not what the manifest says: opsbro plugins types files/,
    );
  });

  it('checks the types of a test beside a plugin in one file', () => {
    const file = join(place.path, 'up.test.ts');
    writeFileSync(file, "import plugin from './up.ts';\nexport const wrong: number = plugin;\n");
    const found = said('check', 'up.ts');
    rmSync(file);
    expect(found).toMatchObject({ code: 1, stderr: expect.stringMatching(/up\.test\.ts\(2,14\)/) });
  });

  it("tells that a glob in one file's manifest ends its comment", () => {
    const found = changed(
      'up.ts',
      (text) => text.replace('[/proc/uptime]', '["/proc/*/stat"]'),
      () => said('check', 'up.ts'),
    );
    expect(found.stderr).toMatch(/up\.ts:\d+:\d+: '\*\/' ends the comment that the manifest is/);
    expect(found.code).toBe(1);
  });

  it('says when the written types are not those of the manifest', () => {
    const found = changed(
      'files/plugin.yml',
      (text) => text.replace('Also give', 'Do give'),
      () => said('check', 'files'),
    );
    expect(found).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/plugin\.d\.ts is not what .*plugins types files/),
    });
  });

  it.each([
    ['nothing', 'does not exist'],
    ['.', 'holds no plugin.yml'],
  ])('refuses %s', (path, why) => {
    expect(said('check', path)).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
  });
});

describe("'plugins run --once'", () => {
  it.each([
    [
      'files/index.ts',
      'const { used',
      'for (let i = 0; i < 300; i += 1) await ctx.stat("/proc/sys/fs/file-nr");\n    const { used',
      /OPSBRO_PLUGIN_BUDGET: used more than 200 calls of the host; .* \(at index\.ts:7:\d+\)/,
    ],
    [
      'files/plugin.yml',
      'kind: collector',
      'kind: check',
      /OPSBRO_PLUGIN_NO_VERB: its code has no verb 'check'; it has 'collect'\. Does 'kind'/,
    ],
    [
      'files/index.ts',
      'const { used',
      'await new Promise(() => undefined);\n    const { used',
      /OPSBRO_PLUGIN_TIMEOUT: did not end within 5000 ms: it awaits a promise that nothing settles/,
    ],
  ])('says where and why in %s: %s as %s', (file, from, to, expected) => {
    const { code, stdout } = changed(
      file,
      (text) => text.replace(from, to),
      () => said('run', 'files', '--once'),
    );
    expect(stdout).toMatch(expected);
    expect(code).toBe(1);
  });

  it('prints what a plugin yields and what it used up', () => {
    const { code, stdout } = said('run', 'files', '--once');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^value\.max = \d+$/m);
    expect(stdout).toMatch(/CPU .* of 200 ms, .* of 32\.0 MiB, calls of the host so far: 1$/m);
  });

  it('takes options, and refuses those that do not fit', () => {
    expect(said('run', 'files', '--once', '--option', 'percent=false').stdout).not.toContain('used_percent');
    expect(said('run', 'up.ts', '--once', '--options', '{"critical": "90000d"}').stdout).toMatch(/^critical/);
    const refused = said('run', 'files', '--once', '--option', 'percnt=1');
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean 'percent'?") });
    expect(said('run', 'none.ts', '--once')).toMatchObject({
      code: 2,
      stderr: 'opsbro: none.ts does not exist\n',
    });
  });

  it('calls a function, and says what it was denied and which line allows it', () => {
    expect(said('run', 'lines', '--once', '--args', '["/etc/passwd"]').stdout).toMatch(/^value = \d+$/m);
    const denied = said('run', 'lines', '--once', '--args', '["/etc/shadow"]');
    expect(denied.code).toBe(1);
    expect(denied.stdout).toContain('denied: /etc/shadow is not covered');
    expect(denied.stdout).toContain('permissions: { read: ["/etc/shadow"] }');
  });

  it("names the author's line of what was thrown", () => {
    const thrown = changed(
      'files/file-numbers.ts',
      (text) => text.replace('if (', "throw new Error('oh');\n  if ("),
      () => said('run', 'files', '--once'),
    );
    expect(thrown.code).toBe(1);
    expect(thrown.stdout).toMatch(/OPSBRO_PLUGIN_FAILED: oh \(at file-numbers\.ts:4:/);
    expect(thrown.stdout).toMatch(/^ {2}at .*index\.ts:7:/m);
  });

  it('prints JSON for scripts', () => {
    const { stdout } = said('run', 'six', '--once', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      id: 'detector/six',
      status: 'done',
      host_calls: 1,
      denied: null,
    });
  });
});

describe("'plugins dev'", () => {
  it('runs again after a write, through errors, and keeps the state', async () => {
    const index = join(place.path, 'six/index.ts');
    const counting = (text: string): string =>
      `import { defineDetector } from 'opsbro/sdk';\nexport default defineDetector({ detect(ctx) {\n ctx.state.runs = Number(ctx.state.runs ?? 0) + 1;\n return ['${text}-' + ctx.state.runs]; } });\n`;
    writeFileSync(index, counting('one'));
    const child = spawn(
      process.execPath,
      [join(root, 'dist/cli/opsbro.js'), 'plugins', 'dev', 'six', '--no-color'],
      {
        cwd: place.path,
        env: { PATH: process.env.PATH },
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    try {
      await expect.poll(() => output, { timeout: 60_000 }).toContain('one-1');
      writeFileSync(index, 'export default {');
      await expect.poll(() => output, { timeout: 60_000 }).toMatch(/opsbro: .*index\.ts:\d+:/);
      writeFileSync(index, counting('two'));
      await expect.poll(() => output, { timeout: 60_000 }).toContain('two-2');
    } finally {
      child.kill('SIGINT');
    }
    await expect.poll(() => child.exitCode, { timeout: 60_000 }).toBe(0);
  });
});
