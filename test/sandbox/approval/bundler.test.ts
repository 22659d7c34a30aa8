import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { fixtureContext, type RecordedHttp, testEvent } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundlePlugin } from '../../../sandbox/approval/bundler.ts';
import { bundleText } from '../../../sandbox/bundle.ts';

const manifest =
  'api: 1\nkind: collector\nname: depth\nsummary: Depth.\npermissions: { read: [/proc/loadavg] }\n';
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'opsbro-bundler-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes a plugin and gives the path to drop: the one file, or the folder. */
function drop(files: { [name: string]: string | Buffer }): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, 'depth', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return join(root, 'depth');
}

/** A folder with a manifest. */
function folder(files: { [name: string]: string | Buffer }): string {
  return drop({ 'plugin.yml': manifest, ...files });
}

/** What the default export is, run in globals that have nothing of Node. */
function run(code: string): { collect(): unknown } {
  const globals: { opsbroPlugin?: { collect(): unknown } } = {};
  runInNewContext(code, globals);
  return globals.opsbroPlugin as { collect(): unknown };
}

describe('a bundle', () => {
  it('is one script of TypeScript, several files, the sdk and dependencies of the plugin', async () => {
    const path = folder({
      'index.ts':
        "import { defineCollector, parseRange } from 'opsbro/sdk';\nimport { twice } from './lib/twice.js';\nimport three from 'three';\nimport data from './data.json';\n" +
        'export default defineCollector({ collect: () => ({ six: twice(three as number), range: parseRange("5") !== null, data }) });\n',
      'lib/twice.ts': 'export const twice = (value: number): number => value * 2;\n',
      'data.json': '{"from": "json"}',
      'node_modules/three/package.json': '{"name": "three", "main": "lib/main.js"}',
      'node_modules/three/lib/main.js': "module.exports = require('./part') + 1;\n",
      'node_modules/three/lib/part.js': 'exports = module.exports = 2;\n',
    });
    const { bundle, source } = await bundlePlugin(path);
    expect(bundle.manifest).toMatchObject({ name: 'depth', permissions: { read: ['/proc/loadavg'] } });
    expect(run(bundle.code).collect()).toEqual({ six: 6, range: true, data: { from: 'json' } });
    expect([...source.files.keys()].filter((name) => name.startsWith('node_modules/'))).toEqual([
      'node_modules/three/lib/main.js',
      'node_modules/three/package.json',
      'node_modules/three/lib/part.js',
    ]);
  });

  it('sends with the sdk what a handler has to say, with nothing of Node', async () => {
    const path = folder({
      'index.ts':
        "import { defineHandler, deliver, runbookOf } from 'opsbro/sdk';\n" +
        'export default { collect: (ctx, event) => deliver(ctx, { url: ctx.url, json: { link: runbookOf(event) } }) };\n' +
        'export const other = defineHandler;\n',
    });
    const { bundle } = await bundlePlugin(path);
    const { collect } = run(bundle.code) as { collect(...given: unknown[]): Promise<unknown> };
    const event = { ...testEvent('problem'), data: { runbook: 'https://wiki.example.org/load average' } };
    const url = 'https://hooks.example.org/t0ken?key=s3cret%21';
    const posted = async (http: RecordedHttp) => {
      const ctx = fixtureContext({ http });
      await collect({ ...ctx, url }, event);
      return ctx.requests;
    };
    expect(await posted(() => ({ status: 204 }))).toMatchObject([
      { url, body: '{"link":"https://wiki.example.org/load%20average"}' },
    ]);
    await expect(
      posted(() => ({ status: 302, headers: { location: '/login' }, text: 'no s3cret!' })),
    ).rejects.toThrow(
      'https://hooks.example.org/…: redirects to https://hooks.example.org/…; answers 302: no ********',
    );
  });

  it('has the same text for the same files, and covers files of dependencies by its digest of the source', async () => {
    const files = {
      'index.js': "import a from 'a';\nexport default { collect: () => a };\n",
      'node_modules/a/index.js': 'export default 1;\n',
    };
    const path = folder(files);
    const first = await bundlePlugin(path);
    const second = await bundlePlugin(path);
    expect(bundleText(second.bundle)).toBe(bundleText(first.bundle));
    expect(second.sourceDigest).toBe(first.sourceDigest);
    writeFileSync(join(path, 'node_modules/a/index.js'), 'export default 2;\n');
    expect((await bundlePlugin(path)).sourceDigest).not.toBe(first.sourceDigest);
    await expect(bundlePlugin(path, { dependencies: [] })).rejects.toThrow(
      /index\.js:1:15: 'node_modules\/a\/index\.js' is not among the files that were signed/,
    );
  });

  it('covers what decides which file of a dependency is meant', async () => {
    const path = folder({
      'index.js': "import a from 'a';\nexport default { collect: () => a };\n",
      'node_modules/a/package.json': '{"main": "one.js"}',
      'node_modules/a/one.js': "import './two.js';\nexport default 1;\n",
      'node_modules/a/two.js': 'export default 2;\n',
    });
    const { sourceDigest, source } = await bundlePlugin(path);
    const dependencies = [...source.files.keys()].filter((name) => name.startsWith('node_modules/'));
    writeFileSync(join(path, 'node_modules/a/package.json'), '{"main": "two.js"}');
    expect((await bundlePlugin(path, { dependencies })).sourceDigest).not.toBe(sourceDigest);
    const without = dependencies.filter((name) => !name.endsWith('package.json'));
    await expect(bundlePlugin(path, { dependencies: without })).rejects.toThrow(
      /'node_modules\/a\/package\.json' is not among the files that were signed/,
    );
  });

  it('brings no process, require, module or fetch of its own', async () => {
    const path = folder({
      'index.ts':
        "import dep from 'dep';\nexport default { collect: () => [typeof process, typeof require, typeof module, typeof exports, typeof fetch, typeof Buffer, dep] };\n",
      'node_modules/dep/index.js':
        "module.exports = [typeof require, typeof process, typeof define === 'function' && define.amd];\n",
    });
    const nothing = 'undefined';
    expect(run((await bundlePlugin(path)).bundle.code).collect()).toEqual([
      ...Array(6).fill(nothing),
      [nothing, nothing, false],
    ]);
  });

  it('maps to the lines of the author, below the header too', async () => {
    const text = `/*---\n${manifest}---*/\nconst depth: number = 1;\nexport default { collect: () => { throw new Error('line nine ' + depth); } };\n`;
    writeFileSync(join(root, 'one.ts'), text);
    const { bundle } = await bundlePlugin(join(root, 'one.ts'));
    const map = JSON.parse(bundle.map) as { sources: string[]; sourcesContent: string[] };
    expect(map.sources).toEqual(['one.ts', 'opsbro']);
    expect(map.sourcesContent).toEqual([text, null]);
    const { SourceMap } = await import('node:module');
    const lines = bundle.code.split('\n');
    const line = lines.findIndex((each) => each.includes('line nine'));
    const column = (lines[line] as string).indexOf('throw');
    const found = new SourceMap(JSON.parse(bundle.map)).findEntry(line, column);
    expect(found).toMatchObject({ originalSource: 'one.ts', originalLine: 8 });
  });

  it('of trusted code is a module that may use Node', async () => {
    const path = folder({
      'index.js':
        "import { readFileSync } from 'node:fs';\nimport os from 'os';\nimport dep from 'dep';\nexport default { collect: () => [typeof readFileSync, typeof os.cpus, typeof process, dep] };\n",
      'node_modules/dep/index.js': 'module.exports = 5;\n',
    });
    const { bundle } = await bundlePlugin(path, { trust: true });
    writeFileSync(join(root, 'made.mjs'), bundle.code);
    const made = (await import(join(root, 'made.mjs'))) as { default: { collect(): unknown } };
    expect(made.default.collect()).toEqual(['function', 'function', 'object', 5]);
  });
});

describe('a plugin', () => {
  it.each([
    [
      'a module of Node',
      "\nimport fs from 'node:fs';\nexport default fs;",
      /index\.js:2:16: needs Node's module 'node:fs'/,
    ],
    [
      'a part of the sdk that needs one',
      "\nimport { passiveCheckId } from 'opsbro/sdk';\nexport default { collect: () => passiveCheckId('pack', 'host', null) };",
      /depth: what it takes of 'opsbro\/sdk' needs Node's module 'node:crypto'/,
    ],
    [
      'one by its old name',
      "const x = require('net');\nmodule.exports = x;",
      /index\.js:1:19: needs Node's module 'net'/,
    ],
    [
      'a package that is not there',
      "import 'nowhere';\nexport default 1;",
      /index\.js:1:8: cannot find 'nowhere'/,
    ],
    [
      'a file that is not there',
      "import './nowhere.js';\nexport default 1;",
      /index\.js:1:8: cannot find '\.\/nowhere\.js'/,
    ],
    [
      'a file outside',
      "import '../outside.js';\nexport default 1;",
      /index\.js:1:8: '\.\.\/outside\.js' leads out of the plugin/,
    ],
    [
      'a file of the host',
      "import '/etc/hosts';\nexport default 1;",
      /'\/etc\/hosts' leads out of the plugin/,
    ],
    [
      'what tests use',
      "import 'opsbro/sdk/testing';\nexport default 1;",
      /'opsbro\/sdk\/testing' is not for plugins that run/,
    ],
    [
      'an address',
      "import 'https://example.org/x.js';\nexport default 1;",
      /'https:\/\/example\.org\/x\.js' is not in the plugin's own node_modules/,
    ],
    ['what is text', "import './note.txt';\nexport default 1;", /'note\.txt' is no code/],
    ['bytes', "import './bytes.js';\nexport default 1;", /'bytes\.js' is not UTF-8/],
    ['a zero byte', "import './zero.js';\nexport default 1;", /'zero\.js' holds a zero byte/],
    [
      'computed names',
      'const name = "x";\nexport default () => import(name);',
      /index\.js:2:22: This "import" expression will not be bundled/,
    ],
    [
      'computed names of CommonJS',
      'export default (name) => require(name);',
      /This call to "require" will not be bundled/,
    ],
    [
      'names made of parts',
      'export default (x) => import(`./lib/$' + '{x}.js`);',
      /Could not resolve import/,
    ],
    ['errors', 'export default {;', /index\.js:1:17: Expected identifier but found ";"/],
    [
      'await outside a function',
      'await 1;\nexport default 1;',
      /index\.js:1:1: Top-level await is currently not supported/,
    ],
    ['no default', 'export const x = 1;', /index\.js:1:1: exports no plugin by default/],
    [
      'more than one fault',
      "import './a.js';\nimport './b.js';\nexport default 1;",
      /cannot find '\.\/a\.js'; and 1 more/,
    ],
  ])('with %s is refused at its line', async (_what, text, expected) => {
    writeFileSync(join(root, 'outside.js'), 'export default 1;');
    const path = folder({
      'index.js': text,
      'note.txt': 'x',
      'bytes.js': Buffer.from([0x2f, 0x2f, 0xff, 0x0a]),
      'zero.js': '// \0\n',
      'lib/a.js': '',
    });
    const refused = await bundlePlugin(path).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'OPSBRO_PLUGIN_BUNDLE', message: expect.stringMatching(expected) });
  });

  it('with a module of Node in a dependency is refused at the line of the dependency', async () => {
    const path = folder({
      'index.js': "import dep from 'dep';\nexport default dep;\n",
      'node_modules/dep/index.js': "\n\nconst net = require('net');\nmodule.exports = net;\n",
    });
    await expect(bundlePlugin(path)).rejects.toThrow(
      /node_modules\/dep\/index\.js:3:21: needs Node's module 'net'/,
    );
  });

  it('gets no package from outside its folder, by a link neither', async () => {
    mkdirSync(join(root, 'node_modules/near'), { recursive: true });
    writeFileSync(join(root, 'node_modules/near/index.js'), 'export default 1;');
    const path = folder({ 'index.js': "import near from 'near';\nexport default near;\n" });
    await expect(bundlePlugin(path)).rejects.toThrow(/'near' is not in the plugin's own node_modules/);
    mkdirSync(join(path, 'node_modules'));
    symlinkSync('../../node_modules/near', join(path, 'node_modules/near'));
    await expect(bundlePlugin(path)).rejects.toThrow(/'near' is not in the plugin's own node_modules/);
  });

  it.each([
    ['other text for its name', 'plugin:index.js', 'AAAA'],
    ['another name', 'plugin:other.js', 'AAAA'],
    ['the name of a file of the sdk', 'sdk:index.js', 'AAAA'],
    ['the name of what is ours', 'opsbro', 'AAAA'],
  ])('cannot show people other code than runs: a source map with %s', async (_, source, mappings) => {
    const map = { version: 3, sources: [source], sourcesContent: ['harmless'], names: [], mappings };
    const comment = `//# sourceMappingURL=data:application/json;base64,${btoa(JSON.stringify(map))}`;
    const code = 'export default { collect: () => ({ harm: 1 }) };\n';
    const path = folder({ 'index.js': code + comment });
    await expect(bundlePlugin(path)).rejects.toMatchObject({
      code: 'OPSBRO_PLUGIN_BUNDLE',
      message: expect.stringMatching(/index\.js: has a source map of its own/),
    });
    await expect(
      bundlePlugin(folder({ 'index.js': `\ufeff${code}// sourceMappingURL=elsewhere.map` })),
    ).resolves.toBeDefined();
  });

  it('of one file imports the sdk alone', async () => {
    writeFileSync(join(root, 'one.js'), `/*---\n${manifest}---*/\nimport './two.js';\nexport default 1;\n`);
    await expect(bundlePlugin(join(root, 'one.js'))).rejects.toThrow(
      /one\.js:8:8: cannot find '\.\/two\.js'/,
    );
    writeFileSync(join(root, 'two.js'), `/*---\n${manifest}---*/\nimport 'dep';\nexport default 1;\n`);
    await expect(bundlePlugin(join(root, 'two.js'))).rejects.toThrow(
      /two\.js:8:8: a plugin of one file imports/,
    );
  });

  it('with a bad manifest is refused at its line', async () => {
    const refused = {
      code: 'OPSBRO_PLUGIN_MANIFEST',
      message: expect.stringMatching(/plugin\.yml:1:6: 'api' is the number 2/),
    };
    await expect(bundlePlugin(folder({ 'plugin.yml': manifest.replace('1', '2') }))).rejects.toMatchObject(
      refused,
    );
    writeFileSync(join(root, 'one.js'), `/*---\n${manifest}`);
    await expect(bundlePlugin(join(root, 'one.js'))).rejects.toThrow(/does not end with/);
  });

  it.each([
    [
      'properties: {dir: {type: objekt}}',
      /plugin\.yml:7:\d+: 'options' is no JSON Schema: 'properties\.dir\.type' is the text "objekt", expected one of array, boolean/,
    ],
    [
      'properties: {dir: text}',
      /plugin\.yml:7:\d+: 'options' is no JSON Schema: 'properties\.dir' is the text "text"/,
    ],
    ['properties: {dir: {pattern: "("}}', /plugin\.yml:\d+:\d+: .* is none: Invalid regular expression/],
    ['required: dir', /plugin\.yml:7:\d+: .*'required' is the text "dir", expected a list/],
    ['properties: {dir: {$ref: "#/nowhere"}}', /plugin\.yml:\d+:\d+: .* is none: can't resolve reference/],
  ])('with options that are no JSON Schema is refused at their line: %s', async (schema, expected) => {
    const path = folder({ 'plugin.yml': `${manifest}options:\n  ${schema}\n` });
    await expect(bundlePlugin(path)).rejects.toMatchObject({
      code: 'OPSBRO_PLUGIN_MANIFEST',
      message: expect.stringMatching(expected),
    });
  });

  it('may hold neither links nor too much', async () => {
    const path = folder({ 'index.js': 'export default 1;' });
    symlinkSync('/etc/passwd', join(path, 'lib.js'));
    await expect(bundlePlugin(path)).rejects.toMatchObject({ code: 'OPSBRO_CONFIG_UNSAFE' });
    rmSync(join(path, 'lib.js'));
    writeFileSync(join(path, 'data'), Buffer.alloc(5 * 1024 * 1024));
    await expect(bundlePlugin(path)).rejects.toMatchObject({ code: 'OPSBRO_CONFIG_TOO_LARGE' });
    rmSync(join(path, 'data'));
    for (let count = 0; count < 501; count += 1) writeFileSync(join(path, `data-${count}`), '');
    await expect(bundlePlugin(path)).rejects.toMatchObject({ code: 'OPSBRO_CONFIG_TOO_LARGE' });
  });
});
