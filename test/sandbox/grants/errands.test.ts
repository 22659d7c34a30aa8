import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json, Permissions } from 'opsbro/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../core/clock.ts';
import { ExecClient } from '../../../exec/exec-client.ts';
import { createErrands } from '../../../sandbox/grants/errands.ts';
import { Keys, keyBounds } from '../../../sandbox/grants/keys.ts';
import type { ErrandRunner } from '../../../sandbox/model.ts';
import { openStore, type Store } from '../../../store/level.ts';
import { type OpenHost, openHost } from './open-host.ts';

let directory: string;
let store: Store;
let commands: ExecClient;
let errands: ErrandRunner;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'opsbro-errands-'));
  store = await openStore(directory);
  commands = new ExecClient({ dataDirectory: directory, clock: systemClock });
  errands = createErrands(commands, new Keys(store));
});

afterEach(async () => {
  await commands.stop();
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(permissions: Permissions, plugin = 'check/strange'): OpenHost {
  const opened: OpenHost = openHost(permissions, {
    answer: (errand) => errands(plugin, errand, opened.abort.signal),
  });
  return opened;
}

describe('exec', () => {
  it('runs a program with words that no shell reads', async () => {
    const { host } = open({ exec: ['/usr/bin/printf ...', '/bin/cat', '/bin/sh -c *'] });
    expect(await host.call('exec', ['/usr/bin/printf', ['%s|', '$HOME', '`id`', "it's", '; id']])).toEqual({
      code: 0,
      signal: null,
      stdout: "$HOME|`id`|it's|; id|",
      stderr: '',
      truncated: false,
    });
    expect(await host.call('exec', ['/bin/cat', [], { stdin: 'given' }])).toMatchObject({ stdout: 'given' });
    const both = ['/bin/sh', ['-c', 'echo out; echo err >&2; env; exit 3'], { maxBytes: 100_000 }];
    expect(await host.call('exec', both)).toMatchObject({ code: 3, stderr: 'err\n' });
    const { stdout } = (await host.call('exec', both)) as { stdout: string };
    expect(stdout).toMatch(/^out\n/);
    expect(
      stdout.match(/^\w+(?==)/gm)?.filter((name) => !['PATH', 'LANG', 'PWD', 'SHLVL', '_'].includes(name)),
    ).toEqual([]);
  });

  it('denies what no pattern covers, and variables for programs', async () => {
    const { host, codeOf, denied, errands: sent } = open({ exec: ['/usr/bin/printf a'] });
    for (const [file, args] of [
      ['/usr/bin/printf', ['b']],
      ['/usr/bin/printf', ['a', 'b']],
      ['/usr/bin/../bin/printf', ['a']],
      ['printf', ['a']],
      ['/bin/sh', ['-c', 'id']],
    ] as const)
      expect(await codeOf('exec', file, [...args])).toBe('OPSBRO_PLUGIN_DENIED');
    await expect(host.call('exec', ['/bin/ls', ['-l']])).rejects.toThrow(
      'its manifest would need permissions: { exec: ["/bin/ls -l"] }',
    );
    expect(denied).toHaveLength(6);
    expect(await codeOf('exec', '/usr/bin/printf', ['a'], { env: { LD_PRELOAD: '/x' } })).toBe(
      'OPSBRO_API_INVALID',
    );
    expect(await codeOf('exec', '/usr/bin/printf', 'a')).toBe('OPSBRO_API_INVALID');
    expect(await codeOf('exec', '/usr/bin/printf', [['a']])).toBe('OPSBRO_API_INVALID');
    expect(sent).toEqual([]);
  });

  it('ends what takes too long, and what nobody waits for', async () => {
    const { host, codeOf, abort } = open({ exec: ['/bin/sleep *', '/nowhere/x'] });
    expect(await codeOf('exec', '/bin/sleep', ['30'], { timeoutMs: 50 })).toBe('OPSBRO_HOST_IO');
    expect(await codeOf('exec', '/nowhere/x')).toBe('OPSBRO_HOST_NOT_FOUND');
    const running = host.call('exec', ['/bin/sleep', ['30']]);
    await expect.poll(() => commands.pending).toBe(1);
    abort.abort(new Error('over'));
    await expect(running).rejects.toMatchObject({ code: 'OPSBRO_HOST_IO' });
    expect(commands.pending).toBe(0);
  });

  it('runs four programs of a plugin at once', async () => {
    const { host, codeOf, abort } = open({ exec: ['/bin/sleep *'] });
    const running = [1, 2, 3, 4].map(() => host.call('exec', ['/bin/sleep', ['30']]).catch(() => 'ended'));
    await expect.poll(() => commands.pending).toBe(4);
    expect(await codeOf('exec', '/bin/sleep', ['30'])).toBe('OPSBRO_AGENT_BUSY');
    const other = open({ exec: ['/bin/sleep *'] }, 'check/other');
    expect(await other.host.call('exec', ['/bin/sleep', ['0']])).toMatchObject({ code: 0 });
    abort.abort(new Error('over'));
    expect(await Promise.all(running)).toEqual(Array(4).fill('ended'));
  });
});

describe('kv', () => {
  it('keeps values below its prefixes, over a restart', async () => {
    const { host } = open({ kv: ['mail/'] });
    const value: Json = { a: [1, 'two', null], ['__proto__']: { x: 1 } };
    await host.call('kv.put', ['mail/b', value]);
    await host.call('kv.put', ['mail/a', 1]);
    await host.call('kv.put', ['mail/a', 2]);
    await host.call('kv.put', ['mail/c', 3]);
    await host.call('kv.delete', ['mail/c']);
    await host.call('kv.delete', ['mail/none']);
    await store.close();
    store = await openStore(directory);
    errands = createErrands(commands, new Keys(store));
    expect(await host.call('kv.list', ['mail/'])).toEqual(['mail/a', 'mail/b']);
    for (const prefix of ['mail/\u{1ffff}', 'mail/\uffff']) {
      await host.call('kv.put', [`${prefix}x`, 1]);
      expect(await host.call('kv.list', [prefix])).toEqual([`${prefix}x`]);
    }
    expect(await host.call('kv.get', ['mail/a'])).toBe(2);
    expect(JSON.stringify(await host.call('kv.get', ['mail/b']))).toBe(JSON.stringify(value));
    expect(await host.call('kv.get', ['mail/c'])).toBeNull();
  });

  it('denies keys of others, and what is no key or value', async () => {
    const { codeOf } = open({ kv: ['mail/'] });
    for (const [name, ...args] of [
      ['kv.get', 'other/a'],
      ['kv.get', 'mail'],
      ['kv.list', ''],
      ['kv.list', 'mai'],
      ['kv.put', '../mail/x', 1],
      ['kv.delete', 'kv/mail/'],
    ] as [string, ...Json[]][])
      expect(await codeOf(name, ...args), name).toBe('OPSBRO_PLUGIN_DENIED');
    expect(await codeOf('kv.put', `mail/${'x'.repeat(512)}`, 1)).toBe('OPSBRO_API_INVALID');
    expect(await codeOf('kv.put', 'mail/\0', 1)).toBe('OPSBRO_API_INVALID');
    expect(await codeOf('kv.put', 'mail/\ud800', 1)).toBe('OPSBRO_API_INVALID');
    expect(await codeOf('kv.put', 'mail/x', 'x'.repeat(65_536))).toBe('OPSBRO_API_INVALID');
    expect(await codeOf('kv.get', { toString: 1 })).toBe('OPSBRO_API_INVALID');
  });

  it('counts nothing that the store had no room for', async () => {
    await store.close();
    store = await openStore(directory, { maxQueued: 1 });
    const keys = new Keys(store, { space: { keys: 2, bytes: 100 }, all: { keys: 4, bytes: 1000 } });
    await keys.put('a/1', 0);
    const refused = { reason: { code: 'OPSBRO_AGENT_BUSY' } };
    expect(await Promise.allSettled([keys.put('b/1', 0), keys.put('a/2', 0)])).toMatchObject([{}, refused]);
    await keys.put('a/3', 0);
    expect(await Promise.allSettled([keys.delete('b/1'), keys.delete('a/1')])).toMatchObject([{}, refused]);
    expect(await keys.list('')).toEqual(['a/1', 'a/3']);
    await keys.delete('a/1');
    expect(await keys.list('a/')).toEqual(['a/3']);
  });

  it('has room for so many keys and bytes, then says so', async () => {
    const bounds = { space: { keys: 3, bytes: 100 }, all: { keys: 4, bytes: 1000 } };
    const keys = new Keys(store, bounds);
    await Promise.all(['a/1', 'a/2', 'a/3'].map((key) => keys.put(key, 0)));
    await expect(keys.put('a/4', 0)).rejects.toThrow('a/4: there are 3 keys below a/, the most there may be');
    await keys.put('a/3', 5);
    await keys.put('b/1', 0);
    await expect(keys.put('c/1', 0)).rejects.toMatchObject({ code: 'OPSBRO_AGENT_BUSY' });
    await keys.delete('a/1');
    await keys.put('c/1', 0);
    await expect(keys.put('a/2', 'x'.repeat(100))).rejects.toThrow('over 100 bytes');
    expect(keyBounds.space.keys).toBe(10_000);
  });
});

it('sees the variables that are granted', async () => {
  const data = { environment: { MAIL_HOME: '/m', SECRET: 's' } };
  const { host, codeOf, denied } = openHost({ env: ['MAIL_*'] }, { data });
  expect(await host.call('env', ['MAIL_HOME'])).toBe('/m');
  expect(await host.call('env', ['MAIL_NONE'])).toBeNull();
  expect(await codeOf('env', 'SECRET')).toBe('OPSBRO_PLUGIN_DENIED');
  expect(await codeOf('env', '__proto__')).toBe('OPSBRO_PLUGIN_DENIED');
  expect(denied[0]).toContain('permissions: { env: ["SECRET"] }');
  for (const name of ['constructor', 'render', '__proto__', 'tcp'])
    expect(await codeOf(name), name).toMatch(/^OPSBRO_(API_INVALID|PLUGIN_DENIED)$/);
});
