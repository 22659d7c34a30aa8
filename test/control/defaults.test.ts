import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type DirectoriesInput, resolveDirectories } from '../../control/defaults.ts';

const etc = mkdtempSync(join(tmpdir(), 'opsbro-etc-'));
afterAll(() => rmSync(etc, { recursive: true }));

const base: DirectoriesInput = {
  env: {},
  uid: 1000,
  root: '/opt/opsbro',
  system: { config: etc, data: '/var/lib/opsbro' },
};
const shipped = '/opt/opsbro/config.d';

describe('default directories', () => {
  it.each<[string, Partial<DirectoriesInput>, string[], string]>([
    ['a user gets the shipped config.d and var', {}, [shipped], '/opt/opsbro/var'],
    ["root gets the machine's own over it", { uid: 0 }, [shipped, etc], '/var/lib/opsbro'],
    [
      'root on a machine without one is like a user',
      { uid: 0, system: { config: '/nonexistent', data: '/var/lib/opsbro' } },
      [shipped],
      '/opt/opsbro/var',
    ],
    [
      '--config goes over the shipped one, in order',
      { config: ['/a', '/b'] },
      [shipped, '/a', '/b'],
      '/opt/opsbro/var',
    ],
    [
      "--config takes the place of the machine's own, and data stays where it is",
      { uid: 0, config: ['/a'] },
      [shipped, '/a'],
      '/var/lib/opsbro',
    ],
    ['--data wins over OPSBRO_DATA', { data: '/d', env: { OPSBRO_DATA: '/e' } }, [shipped], '/d'],
    ['OPSBRO_DATA wins over the default', { env: { OPSBRO_DATA: '/e' } }, [shipped], '/e'],
    [
      'OPSBRO_CONFIG is separated by colons',
      { env: { OPSBRO_CONFIG: '/a::/b' } },
      [shipped, '/a', '/b'],
      '/opt/opsbro/var',
    ],
    [
      '--config wins over OPSBRO_CONFIG',
      { config: ['/c'], env: { OPSBRO_CONFIG: '/a' } },
      [shipped, '/c'],
      '/opt/opsbro/var',
    ],
    ['the shipped one named again counts once', { config: [shipped] }, [shipped], '/opt/opsbro/var'],
    [
      'relative paths become absolute',
      { config: ['c'], data: 'd' },
      [shipped, join(process.cwd(), 'c')],
      join(process.cwd(), 'd'),
    ],
  ])('%s', (_, input, config, data) => {
    expect(resolveDirectories({ ...base, ...input })).toEqual({ config, data });
  });
});

describe('the data of a user', () => {
  const root = mkdtempSync(join(tmpdir(), 'opsbro-package-'));
  const own = join(root, 'var');
  const uid = 1 + (process.getuid?.() ?? 0);
  afterAll(() => rmSync(root, { recursive: true }));
  const dataOf = (env: DirectoriesInput['env'], writable: string[] = []): string =>
    resolveDirectories({ ...base, root, uid, env, mayWrite: (path) => writable.includes(path) }).data;
  const env = { HOME: '/h/user' };
  const state = '/h/user/.local/state/opsbro';

  it.each<[string, DirectoriesInput['env'], string]>([
    ['is in XDG_STATE_HOME', { ...env, XDG_STATE_HOME: '/s' }, '/s/opsbro'],
    ['is in .local/state of HOME', env, state],
    ['ignores a relative XDG_STATE_HOME', { ...env, XDG_STATE_HOME: 's' }, state],
    ['is in the package after all where there is no home', {}, own],
    ['is where OPSBRO_DATA says', { ...env, OPSBRO_DATA: '/e' }, '/e'],
  ])('who may not write into the package %s', (_, given, data) => {
    expect(dataOf(given)).toBe(data);
  });

  it('who may write into the package is in its var', () => {
    expect(dataOf(env, [root])).toBe(own);
  });

  it("is not in somebody else's var, unless it may be written", () => {
    mkdirSync(own);
    expect(dataOf(env, [root])).toBe(state);
    expect(dataOf(env, [own])).toBe(own);
  });

  it('is in a var of their own that cannot be written, so that its error is seen', () => {
    const mine = {
      ...base,
      system: { config: '/nonexistent', data: '' },
      root,
      uid: process.getuid?.() ?? 0,
      env,
      mayWrite: () => false,
    };
    expect(resolveDirectories(mine).data).toBe(own);
  });
});
