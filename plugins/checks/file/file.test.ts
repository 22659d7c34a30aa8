import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Context, DirectoryEntry, Manifest } from 'opsbro/sdk';
import { asNobody, complianceSuite, hostContext, runCheck, runVerb } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findFiles, stepPattern } from './glob.ts';
import file from './index.ts';
import { type Options, shownSize, shownTime } from './judge.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'opsbro-file-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, bytes = 0, ageSeconds = 0): void {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, 'x'.repeat(bytes));
  const changed = Date.now() / 1000 - ageSeconds;
  utimesSync(full, changed, changed);
}

const judge = (path: string, given: Partial<Options> = {}) =>
  runCheck(file, manifest, { path: join(root, path), ...given });

describe('stepPattern', () => {
  it.each([
    ['*.log', 'a.log', true],
    ['*.log', '.log', false],
    ['.*', '.log', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[!a-c]x', 'dx', true],
    ['a+(b).$', 'a+(b).$', true],
    ['a[', 'a[', true],
    ['[a\\]', '\\', true],
  ])('asks whether %s matches %s', (step, name, is) => expect(stepPattern(step).test(name)).toBe(is));
});

describe('findFiles', () => {
  const find = async (pattern: string) =>
    (await findFiles(hostContext(), join(root, pattern))).map(({ path }) => path.slice(root.length + 1));

  it('finds files in order of their names, at any depth where ** says so', async () => {
    for (const path of ['b.log', 'a.log', 'x/c.log', 'x/y/d.log', 'x/.hidden/e.log', 'x/y/f.txt']) put(path);
    expect(await find('*.log')).toEqual(['a.log', 'b.log']);
    expect(await find('**/*.log')).toEqual(['a.log', 'b.log', 'x/c.log', 'x/y/d.log']);
    expect(await find('*/*/d.log')).toEqual(['x/y/d.log']);
    expect(await find('x/**')).toEqual(['x/c.log', 'x/y', 'x/y/d.log', 'x/y/f.txt']);
    expect(await find('no/such/*')).toEqual([]);
  });

  it('ends where links lead in circles, and leaves out links to nothing', async () => {
    put('x/a.log');
    symlinkSync('..', join(root, 'x/up'));
    symlinkSync('nowhere', join(root, 'x/gone'));
    expect(await find('**/*.log')).toEqual(['x/a.log']);
    expect(await find('x/*')).toEqual(['x/a.log', 'x/up']);
  });
});

describe('a folder of many', () => {
  const search = (path: string, count: number) => {
    const entries = Array.from(
      { length: count },
      (_, n): DirectoryEntry => ({ name: `${n}.eml`, type: 'file' }),
    );
    const stat = { sizeBytes: 1, mode: 0o644, uid: 0, gid: 0, modifiedMs: 0 };
    const many: Context = {
      ...hostContext(),
      list: async () => entries,
      stat: async (at) => ({ ...stat, type: at === '/spool' ? 'directory' : 'file' }),
    };
    return findFiles(many, path);
  };

  it.each(['/spool/*.eml', '/spool/**/*.eml'])('is looked through up to the limit by %s', async (path) => {
    expect(await search(path, 100_000)).toHaveLength(100_000);
    await expect(search(path, 100_001)).rejects.toThrow('more than 100000 entries');
  });
});

describe('check/file', () => {
  it.each<[string, Partial<Options>, string, string]>([
    ['a.tar', {}, 'ok', 'there are 1; 2 KiB in all; '],
    ['a.tar', { expect: 'absent' }, 'critical', 'a.tar is there'],
    ['a.tar', { type: 'directory' }, 'critical', 'there is none'],
    ['none', {}, 'critical', 'there is none'],
    ['none', { expect: 'absent' }, 'ok', 'there is none'],
    ['none', { expect: 'any', count_critical: 5 }, 'ok', 'there is none'],
    ['*.tar', { age_warning: '90m', age_critical: '1d' }, 'warning', 'a.tar changed 2 h ago'],
    ['*.tar', { age_critical: '90m' }, 'critical', 'a.tar changed 2 h ago'],
    ['*.tar', { age_critical: '90m', judge: 'newest' }, 'ok', 'b.tar changed 1 m ago'],
    ['*.tar', { age_critical: '90m', judge: 'oldest' }, 'critical', 'a.tar changed 2 h ago'],
    ['*.tar', { age_critical: '5m:', judge: 'newest' }, 'critical', 'b.tar changed 1 m ago'],
    ['*.tar', { size_warning: '1KiB:' }, 'warning', 'b.tar changed 1 m ago, has 10 B'],
    ['*.tar', { count_warning: 1 }, 'warning', 'there are 2'],
    ['*.tar', { count_critical: '3:' }, 'critical', 'there are 2'],
    ['*.tar', { total_critical: '1KiB' }, 'critical', '2 KiB in all'],
  ])('judges %s with %j: %s', async (path, options, state, text) => {
    put('a.tar', 2048, 7200);
    put('b.tar', 10, 60);
    const found = await judge(path, options);
    expect([found.state, found.output]).toEqual([state, expect.stringContaining(text)]);
  });

  it('gives figures', async () => {
    put('a.tar', 2048, 7200);
    put('b.tar', 10, 60);
    const { metrics } = await judge('*.tar');
    expect(metrics).toMatchObject({ count: { value: 2 }, size: { value: 2058, unit: 'B' } });
    expect(metrics?.newest?.value).toBeCloseTo(60, -1);
    expect(metrics?.oldest?.value).toBeCloseTo(7200, -1);
    expect((await judge('none', { expect: 'any' })).metrics).not.toHaveProperty('newest');
  });

  it('names five of many and counts the rest', async () => {
    for (let number = 0; number < 12; number += 1) put(`spool/${number}`, 1, 600);
    const { output } = await judge('spool/*', { age_critical: '5m' });
    expect(output.match(/changed 10 m ago/g)).toHaveLength(5);
    expect(output).toMatch(/; and 7 more$/);
  });

  it('calls a file of the future new', async () => {
    put('a', 1, -3600);
    expect(await judge('a', { age_critical: '@1s:' })).toMatchObject({ state: 'ok' });
  });

  it('fails where the folder may not be read', async () => {
    put('closed/a');
    chmodSync(root, 0o755);
    chmodSync(join(root, 'closed'), 0);
    await expect(asNobody(() => judge('closed/*'))).rejects.toMatchObject({ code: 'OPSBRO_HOST_DENIED' });
    chmodSync(join(root, 'closed'), 0o700);
  });

  it('ends when its run ends', async () => {
    const ctx = hostContext({ options: { path: join(root, '**/*'), type: 'any' } as Options });
    ctx.abort();
    await expect(runVerb(file, ctx)).rejects.toBe(ctx.signal.reason);
  });
});

it.each([
  [30, '30 s'],
  [90, '1.5 m'],
  [7200, '2 h'],
  [2 * 86_400, '2 d'],
])('shows %d seconds as %s', (seconds, text) => expect(shownTime(seconds)).toBe(text));

it.each([
  [10, '10 B'],
  [1536, '1.5 KiB'],
  [5 * 2 ** 30, '5 GiB'],
])('shows %d bytes as %s', (bytes, text) => expect(shownSize(bytes)).toBe(text));

describe('compliance', () => {
  for (const test of complianceSuite('check', folder, file, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
