import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FunctionContext, Json, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, hostContext } from 'opsbro/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import filesystem from './index.ts';
import { pythonPattern } from './python-pattern.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const directory = mkdtempSync(join(tmpdir(), 'opsbro-filesystem-'));
const at = (name: string) => join(directory, name);
const call = async (name: string, args: Json[], ctx: FunctionContext = hostContext()): Promise<Json> => {
  const implementation = filesystem.functions[name];
  if (implementation === undefined) throw new Error(`no function ${name}`);
  return implementation(ctx, ...args);
};

beforeAll(() => {
  writeFileSync(at('release'), 'CentOS Linux release 7.9\nsecond line\n');
  writeFileSync(at('data.json'), '{"a": [1, "two", null], "__proto__": {"b": 1}}');
  writeFileSync(at('bytes'), Buffer.from([0, 255, 254, 10]));
  mkdirSync(at('directory'));
  symlinkSync(at('release'), at('link'));
  symlinkSync(at('nowhere'), at('broken'));
  symlinkSync('/bytes', at('link-from-root'));
  symlinkSync(at('directory'), at('link-to-directory'));
});

afterAll(() => rmSync(directory, { recursive: true }));

for (const test of complianceSuite('functions', folder, filesystem, manifest)) it(test.name, test.run);

it('implements exactly the functions of its manifest', () => {
  expect(Object.keys(filesystem.functions)).toEqual(Object.keys(manifest.functions ?? {}));
});

it('keeps the old names', () => {
  expect(manifest.functions?.grep_file?.aliases).toContain('grep');
  expect(manifest.functions?.file_exists?.aliases).toContain('fileexists');
});

describe('kinds of paths', () => {
  const kinds = ['file_exists', 'is_dir', 'is_link', 'is_plain_file'];
  it.each([
    ['release', [true, false, false, true]],
    ['directory', [true, true, false, false]],
    ['link', [true, false, true, false]],
    ['link-to-directory', [true, true, true, false]],
    ['broken', [false, false, true, false]],
    ['nowhere', [false, false, false, false]],
    ['nul\0byte', [false, false, false, false]],
    ['release/below-a-file', [false, false, false, false]],
  ])('tells %j apart', async (name, expected) => {
    expect(await Promise.all(kinds.map((kind) => call(kind, [at(name)])))).toEqual(expected);
  });

  it('looks at /, /dev/null and /proc', async () => {
    expect(await call('is_dir', ['/'])).toBe(true);
    expect(await call('is_link', ['/'])).toBe(false);
    expect(await call('is_plain_file', ['/dev/null'])).toBe(false);
    expect(await call('is_plain_file', ['/proc/self/status'])).toBe(true);
  });

  it.each(kinds)('%s refuses what is no absolute path', async (kind) => {
    await expect(call(kind, ['etc/passwd'])).rejects.toThrow(`the path must be absolute`);
    await expect(call(kind, [null])).rejects.toThrow('must be a string, got None');
    await expect(call(kind, [['/etc']])).rejects.toThrow('got a list');
  });

  it.each([...kinds, 'grep_file'])('%s rejects when the call is cancelled', async (kind) => {
    const ctx = hostContext();
    ctx.abort();
    await expect(call(kind, kind === 'grep_file' ? ['x', '/etc/passwd'] : ['/etc'], ctx)).rejects.toThrow();
  });
});

describe('grep_file', () => {
  it.each([
    ['centos', 'release', false, true],
    ['CENTOS linux', 'release', false, true],
    ['debian', 'release', false, false],
    ['line release', 'release', false, false],
    ['release [0-9]+\\.', 'release', true, true],
    ['release [0-9]+\\.', 'release', false, false],
    ['^centos.*7\\.9$', 'release', true, true],
    ['(?P<os>centos) linux', 'release', true, true],
    ['^second\\Z', 'release', true, false],
    ['x', 'nowhere', false, false],
    ['x', 'directory', false, false],
    ['centos', 'link', false, true],
  ])('finds %j in %s with regexp=%s: %s', async (wanted, name, regexp, expected) => {
    expect(await call('grep_file', [wanted, at(name), regexp])).toBe(expected);
  });

  it('finds the file when the arguments come the wrong way round', async () => {
    expect(await call('grep_file', [at('release'), 'centos'])).toBe(true);
  });

  it('names what is wrong with a regular expression', async () => {
    await expect(call('grep_file', ['(', at('release'), true])).rejects.toThrow(
      "'(' is not a regular expression",
    );
    await expect(call('grep_file', ['a'.repeat(513), at('release'), true])).rejects.toThrow('512 characters');
  });

  it('refuses a file over 8 MiB, since half an answer is a wrong one', async () => {
    const ctx = fixtureContext({ files: { '/big': 'x'.repeat(8 * 1024 * 1024 + 1) } });
    await expect(call('grep_file', ['y', '/big'], ctx)).rejects.toMatchObject({
      code: 'OPSBRO_HOST_TOO_LARGE',
    });
  });

  it('matches only the head of a very long line', async () => {
    const ctx = fixtureContext({ files: { '/long': `${'a'.repeat(5000)}b` } });
    expect(await call('grep_file', ['^a+$', '/long', true], ctx)).toBe(true);
  });
});

it.each([
  ['\\Aroot\\Z', 'root', true],
  ['\\Aroot\\Z', 'root\nx', false],
  ['(?i)ROOT', 'root', true],
  ['(?s)a.b', 'a\nb', true],
  ['(?P<q>a)(?P=q)', 'aa', true],
  ['\\\\A', 'x\\a', true],
])('reads the Python pattern %j on %j: %s', (pattern, text, expected) => {
  expect(pythonPattern(pattern).test(text)).toBe(expected);
});

describe('file_hash_match', () => {
  it.each(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'])(
    'hashes bytes with %s',
    async (algorithm) => {
      const digest = createHash(algorithm)
        .update(readFileSync(at('bytes')))
        .digest('hex');
      expect(await call('file_hash_match', [at('bytes'), algorithm, digest.toUpperCase()])).toBe(true);
      expect(await call('file_hash_match', [at('release'), algorithm, digest])).toBe(false);
    },
  );

  it('is False for a file that is absent, and names an unknown algorithm', async () => {
    expect(await call('file_hash_match', [at('nowhere'), 'md5', ''])).toBe(false);
    await expect(call('file_hash_match', [at('bytes'), 'crc', ''])).rejects.toThrow(
      'algorithm crc is unknown',
    );
  });

  it('reads by its context alone, piece by piece, so that a hung mount is looked at once', async () => {
    const content = 'x'.repeat(3 * 1024 * 1024 + 1);
    const ctx = fixtureContext({ files: { '/large': content } });
    const digest = createHash('sha256').update(content).digest('hex');
    expect(await call('file_hash_match', ['/large', 'sha256', digest], ctx)).toBe(true);
  });

  it('rejects when the call is cancelled', async () => {
    const ctx = hostContext();
    ctx.abort();
    await expect(call('file_hash_match', [at('bytes'), 'md5', ''], ctx)).rejects.toThrow();
  });

  it('looks below HOST_ROOT', async () => {
    const digest = createHash('md5')
      .update(readFileSync(at('bytes')))
      .digest('hex');
    const ctx = fixtureContext({ root: directory, env: { HOST_ROOT: directory } });
    expect(await call('file_hash_match', ['/bytes', 'md5', digest], ctx)).toBe(true);
    expect(await call('file_hash_match', ['/link-from-root', 'md5', digest], ctx)).toBe(true);
  });
});

describe('parse_json_file', () => {
  it('gives the content', async () => {
    expect(await call('parse_json_file', [at('data.json')])).toMatchObject({ a: [1, 'two', null] });
  });

  it('fails by name for what is no JSON or absent', async () => {
    await expect(call('parse_json_file', [at('release')])).rejects.toThrow('release is not JSON');
    await expect(call('parse_json_file', [at('nowhere')])).rejects.toMatchObject({
      code: 'OPSBRO_HOST_NOT_FOUND',
    });
  });
});
