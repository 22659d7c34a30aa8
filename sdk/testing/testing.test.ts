import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Context, defineCollector, type Json, type Manifest } from 'opsbro/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { complianceSuite, fixtureContext, hostContext, runVerb, serviceContext, testClock } from './index.ts';
import { checkPlain, undocumentedPaths } from './output-rules.ts';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'opsbro-testing-'));
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/hostname'), 'web1\n');
  symlinkSync('/etc/hostname', join(root, 'absolute'));
  symlinkSync('../../../../../../etc/hostname', join(root, 'climbing'));
  symlinkSync('loop', join(root, 'loop'));
  writeFileSync(join(root, 'statfs.json'), '{"/": {"error": "OPSBRO_HOST_DENIED"}, "/nfs": "hang"}');
  writeFileSync(join(root, 'exec.json'), '{"/bin/x -a": {"stdout": "hello"}}');
});

afterAll(() => rmSync(root, { recursive: true }));

describe('fixtureContext', () => {
  it('reads recorded files and follows links inside the root only', async () => {
    const ctx = fixtureContext({ root });
    for (const path of ['/etc/hostname', '/absolute', '/climbing'])
      expect(await ctx.readLines(path)).toEqual(['web1']);
    await expect(ctx.readText('/etc/passwd')).rejects.toMatchObject({ code: 'OPSBRO_HOST_NOT_FOUND' });
    await expect(ctx.readText('/loop')).rejects.toMatchObject({ code: 'OPSBRO_HOST_IO' });
    await expect(ctx.readText('/etc/hostname', { maxBytes: 3 })).rejects.toMatchObject({
      code: 'OPSBRO_HOST_TOO_LARGE',
    });
    expect(await ctx.tryReadText('/etc/passwd')).toBeUndefined();
    expect(await ctx.stat('/absolute')).toMatchObject({ type: 'file', linkTarget: '/etc/hostname' });
    expect(await ctx.stat('/nothing')).toBeUndefined();
  });

  it('lets single files be replaced and removed', async () => {
    const ctx = fixtureContext({ root, files: { '/etc/hostname': null, '/proc/1/comm': 'init\n' } });
    expect(await ctx.list('/etc')).toEqual([]);
    expect(await ctx.list('/proc')).toEqual([{ name: '1', type: 'directory' }]);
    expect(await ctx.readText('/proc/1/comm')).toBe('init\n');
    ctx.use(root);
    expect(await ctx.readText('/etc/hostname')).toBe('web1\n');
  });

  it('knows the directories that its files are in', async () => {
    const ctx = fixtureContext({ files: { '/spool/a': 'x', '/spool/sub/b': 'x', '/gone/c': null } });
    for (const path of ['/', '/spool', '/spool/', '/spool/sub'])
      expect(await ctx.stat(path)).toMatchObject({ type: 'directory', mode: 0o755, modifiedMs: 0 });
    for (const path of ['/gone', '/spoo', '/spool/s']) expect(await ctx.stat(path)).toBeUndefined();
    await expect(ctx.readText('/spool')).rejects.toMatchObject({ code: 'OPSBRO_HOST_IO' });
  });

  it('keeps what is emitted within the bounds of a run', () => {
    for (const ctx of [fixtureContext(), hostContext()]) {
      ctx.emit('seen', { a: 1 });
      ctx.emit('no name', 1);
      expect(ctx.emitted).toEqual([{ topic: 'seen', data: { a: 1 } }]);
    }
  });

  it('answers statfs and exec from recordings', async () => {
    const ctx = fixtureContext({ root, statfs: { '/data': 'hang' } });
    await expect(ctx.statFileSystem('/')).rejects.toMatchObject({ code: 'OPSBRO_HOST_DENIED' });
    expect(await ctx.exec('/bin/x', ['-a'])).toMatchObject({ code: 0, stdout: 'hello' });
    await expect(ctx.exec('/bin/x', ['-b'])).rejects.toMatchObject({ code: 'OPSBRO_HOST_NOT_FOUND' });
    expect(ctx.executed).toEqual(['/bin/x -a', '/bin/x -b']);
    const hanging = ctx.statFileSystem('/nfs');
    ctx.abort();
    await expect(hanging).rejects.toBe(ctx.signal.reason);
    await expect(ctx.readText('/etc/hostname')).rejects.toBe(ctx.signal.reason);
  });
});

describe('runVerb', () => {
  it('tells eligible from not eligible and lets errors through', async () => {
    const idle = defineCollector({ collect: (ctx) => ctx.notEligible('no such bus') });
    expect(await runVerb(idle, fixtureContext())).toEqual({ status: 'not-eligible', reason: 'no such bus' });
    const broken = defineCollector({ collect: () => Promise.reject(new Error('boom')) });
    await expect(runVerb(broken, fixtureContext())).rejects.toThrow('boom');
  });
});

describe('testClock', () => {
  it('moves both clocks, and steps only the wall clock', () => {
    const clock = testClock(5000);
    clock.advance(10);
    clock.step(-3000);
    expect([clock.now(), clock.monotonic()]).toEqual([2010, 1010]);
  });
});

describe('hostContext', () => {
  it('reads this host', async () => {
    const ctx = hostContext();
    expect((await ctx.stat(process.execPath))?.type).toBe('file');
    expect((await ctx.statFileSystem('/')).sizeBytes).toBeGreaterThan(0);
    expect(await ctx.stat('/no/such/path')).toBeUndefined();
    expect(await ctx.exec(process.execPath, ['-e', 'console.log(1); process.exit(3)'])).toMatchObject({
      code: 3,
      stdout: '1\n',
    });
  });
});

describe('output rules', () => {
  it.each([
    [Number.NaN],
    [{ a: [Number.POSITIVE_INFINITY] }],
    [{ a: undefined }],
    [new Map()],
    [() => 1],
    [1n],
  ])('refuse %s', (value) => {
    expect(() => checkPlain(value)).toThrow();
  });

  it('match documented paths step by step, keys with dots included', () => {
    const tree = { '/mnt/a.b': { total: 1, other: 2 }, cpu0: { '%idle': 3 }, ports: [1] };
    const output = { '*.total': '', 'cpu*.%idle': '', ports: '' };
    expect(undocumentedPaths(tree, output)).toEqual(['/mnt/a.b.other']);
  });
});

describe('complianceSuite', () => {
  const manifest: Manifest = {
    api: 1,
    kind: 'collector',
    name: 'demo',
    summary: 'A demo.',
    output: { up: 'x' },
  };
  const failures = async (folder: URL, definition: object) => {
    const failed: string[] = [];
    for (const test of complianceSuite('collector', folder, definition, manifest))
      await test.run().catch(() => failed.push(test.name));
    return failed;
  };

  it('passes a proper plugin and names what an improper one lacks', async () => {
    const folder = join(root, 'collectors/demo');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'plugin.yml'), '');
    const sections = '## Options\n\nNone.\n\n## Output\n\n## Example\n\n## Troubleshooting\n';
    writeFileSync(join(folder, 'README.md'), `# demo\n\n${sections}`);
    const url = pathToFileURL(`${folder}/`);
    expect(await failures(url, defineCollector({ collect: () => ({ up: 1 }) }))).toEqual([]);
    expect(await failures(url, defineCollector({ collect: () => ({ down: 1 }) }))).toEqual([
      'yields documented plain data on this host, twice',
    ]);
    writeFileSync(join(folder, 'README.md'), '# demo\n\n## Output\n');
    expect(await failures(url, {})).toEqual([
      'has a README with the fixed sections',
      'documents exactly the options of its manifest',
      'has the verb of its kind',
      'yields documented plain data on this host, twice',
    ]);
  });

  it.each([
    ['', 'the option table of README.md lacks `dir`, default `/`; lacks `deep`, no default'],
    [
      '| `dir` | text | `/` | x |\n| `dpth` | text | | x |\n',
      'the option table of README.md lacks `deep`, no default; has `dpth`, which plugin.yml has not',
    ],
    [
      '| `dir` | text | `/tmp` | x |\n| `deep` | text | | x |\n',
      'the option table of README.md gives `dir` the default `/tmp`, plugin.yml `/`',
    ],
    [
      '| `deep` | text | | x |\n| `dir` | text | `/` | x |\n',
      'the option table of README.md has another order than plugin.yml: dir, deep',
    ],
  ])('says what is wrong with a table of options: %s', async (rows, message) => {
    const folder = join(root, 'collectors/table');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'README.md'), `# table\n\n## Options\n\n${rows}\n## Output\n`);
    const properties = { dir: { type: 'string', default: '/' }, deep: { type: 'boolean' } };
    const options = { type: 'object', additionalProperties: false, properties };
    const suite = complianceSuite('collector', pathToFileURL(`${folder}/`), {}, { ...manifest, options });
    const test = suite.find(({ name }) => name === 'documents exactly the options of its manifest');
    await expect(test?.run()).rejects.toThrow(message);
  });

  it('holds a service to its start and its stop', async () => {
    const service: Manifest = { ...manifest, kind: 'listener', runs: 'service' };
    const failed = async (definition: object) => {
      const names: string[] = [];
      for (const test of complianceSuite('listener', null, definition, service))
        await test.run().catch(() => names.push(test.name));
      return names;
    };
    const stop = () => undefined;
    expect(await failed({ start: () => undefined, stop })).toEqual([]);
    expect(await failed({ start: ({ signal }: Context) => signal.throwIfAborted(), stop })).toEqual([]);
    const cutShort = 'stops after a start that was cut short, and again';
    expect(await failed({ start: () => new Promise(() => undefined), stop })).toEqual([cutShort]);
    expect(await failed({ start: stop })).toEqual(['has the verb of its kind', cutShort]);
  });
});

describe('serviceContext', () => {
  it('hands snapshots and requests to the service, and keeps what that sends', async () => {
    const ctx = serviceContext({ snapshots: { groups: ['web'] } });
    const heard: Json[] = [];
    const end = ctx.subscribe('groups', (groups) => heard.push(groups));
    await Promise.resolve();
    ctx.push('groups', ['db']);
    end();
    ctx.push('groups', []);
    expect(heard).toEqual([['web'], ['db']]);
    ctx.emit('seen', 1);
    expect(ctx.emitted).toEqual([{ topic: 'seen', data: 1 }]);
    const request = { route: '/x', method: 'GET', params: {}, query: {}, body: null };
    await expect(ctx.request(request)).rejects.toThrow('answers no routes');
    ctx.onRequest(({ route }) => ({ status: 200, body: route }));
    expect(await ctx.request(request)).toEqual({ status: 200, body: '/x' });
    await expect(ctx.ask(request)).rejects.toThrow('the agent answers no routes here');
  });
});

describe('the suite of functions', () => {
  const signature = { summary: 'One.', parameters: [{ name: 'path' }, { name: 'text', default: '' }] };
  const manifest = {
    api: 1,
    kind: 'functions',
    name: 'one',
    summary: 'One.',
    functions: { one: signature },
  } as Manifest;
  const judged = async (one: unknown): Promise<string | undefined> => {
    const suite = complianceSuite('functions', null, { functions: { one } }, manifest);
    const test = suite.find(({ name }) => name === 'takes the parameters that its manifest declares');
    return test?.run().then(
      () => undefined,
      (error: Error) => error.message,
    );
  };

  it.each([
    ['all', async (_ctx: unknown, path: string, text: string) => path + text],
    ['a default', (_ctx: unknown, path: string, text = 'a(b)') => path + text],
    ['the rest', (_ctx: unknown, ...args: string[]) => args],
    ['a pattern', (_ctx: unknown, { length }: string, [first]: string) => `${length}${first}`],
  ])('takes one with %s of its parameters', async (_, one) => {
    expect(await judged(one)).toBeUndefined();
  });

  it.each([
    [1, (_ctx: unknown, path: string) => path],
    [0, () => 1],
    [3, async (_ctx: unknown, a: string, b: string, c: string) => a + b + c],
  ])('refuses one that takes %i', async (count, one) => {
    expect(await judged(one)).toBe(
      `the code of one takes ${count} values behind ctx, the manifest declares 2: path, text`,
    );
  });

  it('knows a function by what is told of it where its code is elsewhere', async () => {
    const definition = { functions: { one: (...args: unknown[]) => args } };
    const shapes = async () => ({ one: { length: 2, text: 'one(ctx, path) { return path; }' } });
    const suite = complianceSuite('functions', null, definition, manifest, { shapes });
    await expect(suite.at(-1)?.run()).rejects.toThrow('takes 1 values behind ctx');
  });
});
