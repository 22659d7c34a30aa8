import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import systemd from './index.ts';
import { parseManager, parseUnitNames } from './units.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

describe('parseManager', () => {
  it.each([
    ['nothing', '', undefined],
    ['no state', 'Version=252\n', undefined],
    ['an empty state', 'SystemState=\n', undefined],
    ['a state only', 'SystemState=running', { version: '', state: 'running', units: 0, jobs: 0 }],
    [
      'counts that are none',
      'SystemState=running\nNNames=many\nNFailedUnits=-1\nNJobs=\n',
      { version: '', state: 'running', units: 0, jobs: 0 },
    ],
  ])('reads %s', (_, text, manager) => expect(parseManager(text)).toEqual(manager));
});

describe('parseUnitNames', () => {
  it.each([
    ['nothing', '', []],
    ['a cut line', 'nginx.service', []],
    ['a legend', '0 loaded units listed.', []],
    [
      'marked units',
      '● b.service loaded failed failed B\n* a.mount loaded failed failed A',
      ['a.mount', 'b.service'],
    ],
    [
      'one unit twice',
      'a.service not-found failed failed A\na.service loaded failed failed A',
      ['a.service'],
    ],
  ])('reads %s', (_, text, names) => expect(parseUnitNames(text)).toEqual(names));

  it('keeps at most a hundred names', () => {
    const text = Array.from({ length: 150 }, (_, at) => `u${at}.service loaded failed failed x`).join('\n');
    expect(parseUnitNames(text)).toHaveLength(100);
  });
});

describe('collector/systemd', () => {
  it.each([
    [
      'debian-12-systemd-252',
      { version: '252.38-1~deb12u1', state: 'running', units: 281, jobs: 0, failed: 0, failed_units: [] },
    ],
    [
      'fedora-systemd-255',
      {
        version: '255.4-1.fc40',
        state: 'degraded',
        units: 402,
        jobs: 1,
        failed: 2,
        failed_units: ['backup@home-alice\\x2dold.timer', 'nginx.service'],
      },
    ],
    [
      'centos-7-systemd-219',
      {
        version: '219',
        state: 'degraded',
        units: 312,
        jobs: 0,
        failed: 2,
        failed_units: ['-.mount', 'kdump.service'],
      },
    ],
  ])('yields state and failed units of %s', async (host, value) => {
    const root = new URL(`testdata/${host}/`, folder);
    expect(await runVerb(systemd, fixtureContext({ root }))).toEqual({ status: 'done', value });
  });

  it('runs one program while no unit has failed', async () => {
    const ctx = fixtureContext({ root: new URL('testdata/debian-12-systemd-252/', folder) });
    await runVerb(systemd, ctx);
    expect(ctx.executed).toHaveLength(1);
  });

  it.each([
    [
      'exits with an error',
      { code: 1, stderr: 'Failed to connect to bus' },
      /exit code 1: Failed to connect to bus/,
    ],
    ['is killed', { code: null, signal: 'SIGKILL' }, /signal SIGKILL/],
    ['prints nothing', { stdout: '' }, /did not tell the state/],
  ])('fails when systemctl %s', async (_, result, message) => {
    const root = new URL('testdata/debian-12-systemd-252/', folder);
    const [line = ''] = Object.keys(JSON.parse(readFileSync(new URL('exec.json', root), 'utf8')) as object);
    await expect(runVerb(systemd, fixtureContext({ root, exec: { [line]: result } }))).rejects.toThrow(
      message,
    );
  });

  it('is not eligible where systemd does not run', async () => {
    const files = { '/usr/bin/systemctl': '' };
    expect((await runVerb(systemd, fixtureContext({ files }))).status).toBe('not-eligible');
  });

  it('is not eligible without systemctl', async () => {
    const root = new URL('testdata/debian-12-systemd-252/', folder);
    const ctx = fixtureContext({ root, files: { '/usr/bin/systemctl': null } });
    expect((await runVerb(systemd, ctx)).status).toBe('not-eligible');
  });

  it('is not eligible when it looks at a host from a container', async () => {
    const root = new URL('testdata/debian-12-systemd-252/', folder);
    const ctx = fixtureContext({ root, env: { HOST_ROOT: '/host' } });
    expect((await runVerb(systemd, ctx)).status).toBe('not-eligible');
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, systemd, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
