import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { FunctionContext, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, hostContext } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { dpkgStatusHas } from './dpkg.ts';
import hasPackagePlugin from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const hasPackage = async (name: string, ctx: FunctionContext) =>
  hasPackagePlugin.functions.has_package?.(ctx, name);
const onDebian = existsSync('/usr/bin/dpkg-query');
const required = process.env.OPSBRO_TEST_REQUIRE === 'all';

for (const test of complianceSuite('functions', folder, hasPackagePlugin, manifest)) it(test.name, test.run);

const status = `Package: bash
Status: install ok installed
Multi-Arch: foreign

Package: old
Status: deinstall ok config-files
Description: Package: trap
 Package: inner

Package: kept
Status: hold ok installed

Package: libc6
Status: install ok half-configured
Architecture: i386

Package: libc6
Status: install ok installed
Architecture: amd64
`;

describe('dpkg', () => {
  it.each([
    ['bash', true],
    ['old', false],
    ['kept', true],
    ['libc6', true],
    ['trap', false],
    ['inner', false],
    ['ba', false],
  ])('has %s installed: %s', (name, expected) => {
    expect(dpkgStatusHas(status, name)).toBe(expected);
  });

  it('does not read the status file for what was never installed', async () => {
    const ctx = fixtureContext({ files: { '/var/lib/dpkg/status': status } });
    expect(await hasPackage('bash', { ...ctx, readText: () => Promise.reject(new Error('read')) })).toBe(
      false,
    );
  });

  it('leaves out a package of which only the configuration is left', async () => {
    const files = {
      '/var/lib/dpkg/status': status,
      '/var/lib/dpkg/info/old.list': '',
      '/var/lib/dpkg/info/bash.list': '',
    };
    expect(await hasPackage('old', fixtureContext({ files }))).toBe(false);
    expect(await hasPackage('bash', fixtureContext({ files }))).toBe(true);
  });

  it.skipIf(!onDebian && !required)('agrees with dpkg-query about every package of this host', async () => {
    const listed = execFileSync(
      '/usr/bin/dpkg-query',
      ['-W', '-f', `\${Package}\\t\${db:Status-Status}\\n`],
      {
        encoding: 'utf8',
      },
    );
    const names = listed
      .split('\n')
      .filter((line) => line.endsWith('\tinstalled'))
      .map((line) => line.split('\t')[0] ?? '');
    const found = await Promise.all(names.slice(0, 100).map((name) => hasPackage(name, hostContext())));
    expect(names.filter((_, index) => found[index] === false)).toEqual([]);
  });
});

describe('apk', () => {
  const files = { '/lib/apk/db/installed': 'C:Q1x\nP:musl\nV:1.2.4\n\nC:Q1y\nP:busybox\nV:1.36\n' };
  it.each([
    ['musl', true],
    ['busybox', true],
    ['busy', false],
  ])('has %s installed: %s', async (name, expected) => {
    expect(await hasPackage(name, fixtureContext({ files }))).toBe(expected);
  });
});

describe('rpm', () => {
  const files = { '/usr/bin/rpm': '', '/var/lib/rpm/rpmdb.sqlite': '' };
  const exec = {
    '/usr/bin/rpm -q --quiet -- bash': { code: 0 },
    '/usr/bin/rpm -q --quiet -- nginx': { code: 1 },
    '/usr/bin/rpm --root /host -q --quiet -- bash': { code: 0 },
  };
  it.each([
    ['bash', true],
    ['nginx', false],
  ])('has %s installed: %s', async (name, expected) => {
    expect(await hasPackage(name, context(files, exec))).toBe(expected);
  });

  it('asks about the host that HOST_ROOT names', async () => {
    const ctx = context(files, exec, { HOST_ROOT: '/host' });
    expect(await hasPackage('bash', ctx)).toBe(true);
    expect(ctx.executed).toEqual(['/usr/bin/rpm --root /host -q --quiet -- bash']);
  });

  it('passes no text that could be an option or a path', async () => {
    const ctx = context(files, exec);
    for (const name of ['--all', '-e', '../x', 'a b', '', "'; import os", 'x\0y'])
      expect(await hasPackage(name, ctx)).toBe(false);
    expect(ctx.executed).toEqual([]);
  });

  /** A recorded directory exists only through the files in it, so its own stat is answered here. */
  function context(
    recorded: { [path: string]: string },
    programs: { [line: string]: { code: number } },
    env: { [name: string]: string } = {},
  ) {
    const ctx = fixtureContext({ files: recorded, exec: programs, env });
    const database = { type: 'directory' as const, sizeBytes: 0, mode: 0o755, uid: 0, gid: 0, modifiedMs: 0 };
    return { ...ctx, stat: async (path: string) => (path === '/var/lib/rpm' ? database : ctx.stat(path)) };
  }
});

it('has nothing installed where there is no package manager', async () => {
  expect(await hasPackage('bash', fixtureContext())).toBe(false);
});
