import { spawn, spawnSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from 'opsbro/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHost } from './open-host.ts';

let root: string;
const inside = (path: string): string => join(root, 'in', path);
const grant = (): { read: string[] } => ({ read: [inside('**')] });

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'opsbro-grants-')));
  mkdirSync(inside('deep'), { recursive: true });
  mkdirSync(join(root, 'out'));
  writeFileSync(inside('a.txt'), 'one\ntwo\n');
  writeFileSync(inside('deep/b.txt'), 'deep');
  writeFileSync(join(root, 'out/secret'), 'SECRET');
  symlinkSync('a.txt', inside('good-link'));
  symlinkSync(join(root, 'out/secret'), inside('bad-link'));
  symlinkSync('../out/secret', inside('bad-relative'));
  symlinkSync(join(root, 'out/none'), inside('bad-dangling'));
  symlinkSync('none', inside('good-dangling'));
  symlinkSync('../out', inside('bad-folder'));
  symlinkSync('/dev/zero', inside('zero'));
  symlinkSync('/proc/self/root', inside('other-root'));
  symlinkSync('loop', inside('loop'));
  spawnSync('mkfifo', [inside('fifo')]);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a granted folder', () => {
  it('is read as by trusted code', async () => {
    const { host, denied } = openHost(grant());
    const call = (name: string, ...args: Json[]): Promise<Json> => host.call(name, args);
    expect(await call('readText', inside('a.txt'))).toBe('one\ntwo\n');
    expect(await call('readText', inside('deep/../a.txt'))).toBe('one\ntwo\n');
    expect(await call('readText', inside('good-link'))).toBe('one\ntwo\n');
    expect(await call('readLines', inside('a.txt'))).toEqual(['one', 'two']);
    expect(await call('readBytes', inside('a.txt'), 4, 3)).toEqual([...Buffer.from('two')]);
    expect(await call('tryReadText', inside('none'))).toBeNull();
    expect(await call('stat', inside('none'))).toBeNull();
    expect(await call('stat', inside('deep/b.txt'))).toMatchObject({ type: 'file', sizeBytes: 4 });
    expect(await call('stat', inside('good-link'))).toMatchObject({ type: 'file', linkTarget: 'a.txt' });
    expect(await call('stat', inside('fifo'))).toMatchObject({ type: 'other' });
    expect(await call('statFileSystem', inside('deep'))).toHaveProperty('freeBytes');
    expect(await call('list', inside('deep'))).toEqual([{ name: 'b.txt', type: 'file' }]);
    expect(await call('list', inside(''))).toContainEqual({ name: 'bad-link', type: 'link' });
    expect(denied).toEqual([]);
  });

  it.each([
    'bad-link',
    'bad-relative',
    'bad-dangling',
    'bad-folder/secret',
    'bad-folder/none',
    'zero',
    `other-${'root'}/etc/passwd`,
    'other-root/none',
  ])('is not left by %s, whatever is there', async (path) => {
    const { codeOf, denied } = openHost(grant());
    for (const name of ['readText', 'readLines', 'stat', 'list', 'statFileSystem'])
      expect(await codeOf(name, inside(path)), name).toBe('OPSBRO_PLUGIN_DENIED');
    expect(await codeOf('tryReadText', inside(path))).toBe('OPSBRO_PLUGIN_DENIED');
    expect(await codeOf('readBytes', inside(path), 0, 10)).toBe('OPSBRO_PLUGIN_DENIED');
    expect(denied).toHaveLength(7);
  });

  it('gives no list that takes many times what it is made of', async () => {
    const { host, codeOf } = openHost(grant());
    writeFileSync(inside('lines'), '\n'.repeat(200_000));
    expect(await host.call('readLines', [inside('lines')])).toHaveLength(200_000);
    writeFileSync(inside('lines'), '\n'.repeat(200_001));
    expect(await codeOf('readLines', inside('lines'))).toBe('OPSBRO_HOST_TOO_LARGE');
    mkdirSync(inside('many'));
    const long = 'n'.repeat(240);
    for (let index = 0; index < 15_600; index += 1) linkSync(inside('a.txt'), inside(`many/${long}${index}`));
    expect(await codeOf('list', inside('many'))).toBe('OPSBRO_HOST_TOO_LARGE');
  });

  it('gives honest errors for what it lacks', async () => {
    const { codeOf } = openHost(grant());
    expect(await codeOf('readText', inside('none'))).toBe('OPSBRO_HOST_NOT_FOUND');
    expect(await codeOf('readText', inside('good-dangling'))).toBe('OPSBRO_HOST_NOT_FOUND');
    expect(await codeOf('readText', inside('loop'))).toBe('OPSBRO_HOST_IO');
    expect(await codeOf('readText', inside('deep'))).toBe('OPSBRO_HOST_IO');
    expect(await codeOf('readText', inside('fifo'))).toBe('OPSBRO_HOST_IO');
    expect(await codeOf('list', inside('a.txt'))).toBe('OPSBRO_HOST_IO');
    expect(await codeOf('readText', inside('a.txt'), { maxBytes: 3 })).toBe('OPSBRO_HOST_TOO_LARGE');
  });
});

describe('outside of what is granted', () => {
  it('everything is denied, there or not, and the line to add is named', async () => {
    const { host, codeOf, denied } = openHost(grant());
    const secret = join(root, 'out/secret');
    await expect(host.call('readText', [secret])).rejects.toMatchObject({
      code: 'OPSBRO_PLUGIN_DENIED',
      message: `${secret} is not covered by permission 'read'; its manifest would need permissions: { read: ["${secret}"] }`,
    });
    for (const path of [
      join(root, 'out/none'),
      inside('../out/secret'),
      '/etc/shadow',
      '/',
      `${root}/in-not`,
      `/${'a/'.repeat(1500)}`,
    ])
      expect(await codeOf('stat', path), path).toBe('OPSBRO_PLUGIN_DENIED');
    expect(denied).toHaveLength(7);
  });

  it('links below a process lead nowhere', async () => {
    const { codeOf } = openHost({ read: ['/proc/**', '/etc/**'] });
    for (const path of [
      `/proc/self/${'root'}/etc/passwd`,
      '/proc/1/cwd/x',
      '/proc/self/fd/0',
      `/proc/self/task/1/${'root'}/etc/hosts`,
      '/proc/self/exe',
    ])
      for (const name of ['readText', 'stat', 'list'])
        expect(await codeOf(name, path), path).toBe('OPSBRO_PLUGIN_DENIED');
  });
});

describe('files of the kernel', () => {
  it('are read by the names that processes use', async () => {
    const { host, codeOf } = openHost({
      read: ['/proc/self/status', '/proc/net/dev', '/proc/mounts', '/proc', '/proc/*/stat', '/proc/loadavg'],
    });
    expect(await host.call('readText', ['/proc/self/status'])).toContain('VmRSS');
    expect(await host.call('readText', ['/proc/net/dev'])).toContain('Receive');
    expect(await host.call('readText', ['/proc/mounts'])).toContain('/proc');
    expect(await host.call('readText', ['/proc/1/stat'])).toMatch(/^1 \(/);
    expect(await host.call('readText', ['/proc/self/stat'])).toMatch(/^\d+ \(/);
    expect(await host.call('list', ['/proc'])).toContainEqual({ name: 'loadavg', type: 'file' });
    expect(await host.call('stat', ['/proc/loadavg'])).toMatchObject({ type: 'file' });
    expect(await codeOf('readText', ['/proc/999999999/stat'][0] as string)).toBe('OPSBRO_HOST_NOT_FOUND');
    expect(await codeOf('readText', '/proc/self/environ')).toBe('OPSBRO_PLUGIN_DENIED');
  });

  it('reach /sys only where its links lead to what is granted', async () => {
    const { host, codeOf } = openHost({ read: ['/sys/class/net/**'] });
    expect(await host.call('list', ['/sys/class/net'])).toContainEqual({ name: 'lo', type: 'link' });
    expect(await codeOf('readText', '/sys/class/net/lo/mtu')).toBe('OPSBRO_PLUGIN_DENIED');
    const both = openHost({ read: ['/sys/class/net/**', '/sys/devices/virtual/net/**'] });
    expect(await both.host.call('readText', ['/sys/class/net/lo/mtu'])).toMatch(/^\d+\n$/);
  });
});

describe('a host that is seen through HOST_ROOT', () => {
  it('is granted by its own paths, and links of the agent’s system do not lead there', async () => {
    const host = join(root, 'host');
    mkdirSync(join(host, 'var'), { recursive: true });
    mkdirSync(join(host, 'proc'));
    writeFileSync(join(host, 'var/x'), 'of the host');
    writeFileSync(join(host, 'proc/stat'), 'cpu');
    symlinkSync('/var/x', join(host, 'var/absolute'));
    symlinkSync(join(root, 'out/secret'), join(host, 'var/bad'));
    const data = { hostRoot: host, hostProc: join(host, 'proc') };
    const { host: calls, codeOf } = openHost({ read: ['/var/**', '/proc/stat', join(root, '**')] }, { data });
    expect(await calls.call('readText', ['/var/x'])).toBe('of the host');
    expect(await calls.call('readText', ['/proc/stat'])).toBe('cpu');
    expect(await calls.call('stat', ['/var/absolute'])).toMatchObject({ type: 'file', linkTarget: '/var/x' });
    expect(await codeOf('readText', '/var/bad')).toBe('OPSBRO_PLUGIN_DENIED');
  });
});

it('never gives a byte from outside while a link is swapped', async () => {
  const place = inside('swap');
  const script = `
    const { symlinkSync, renameSync } = require('node:fs');
    const [place, good, bad] = process.argv.slice(1);
    process.stdout.write('on');
    for (;;) for (const target of [good, bad]) { symlinkSync(target, place + '.next'); renameSync(place + '.next', place); }`;
  symlinkSync(inside('a.txt'), place);
  const swapper = spawn(process.execPath, ['-e', script, place, inside('a.txt'), join(root, 'out/secret')]);
  try {
    await new Promise((resolve) => swapper.stdout.once('data', resolve));
    const { host } = openHost(grant());
    const seen = { read: 0, denied: 0 };
    for (
      let count = 0;
      count < 3000 || (count < 100_000 && (seen.read === 0 || seen.denied === 0));
      count += 1
    ) {
      const name = count % 2 === 0 ? 'readText' : 'readBytes';
      const args = name === 'readText' ? [place] : [place, 0, 100];
      try {
        const found = await host.call(name, args);
        expect(Buffer.from(found as string).toString()).toBe('one\ntwo\n');
        seen.read += 1;
      } catch (thrown) {
        expect((thrown as { code: string }).code).toBe('OPSBRO_PLUGIN_DENIED');
        seen.denied += 1;
      }
    }
    expect(seen.read).toBeGreaterThan(0);
    expect(seen.denied).toBeGreaterThan(0);
  } finally {
    swapper.kill('SIGKILL');
  }
});

it('leaves no file open', async () => {
  const { host, codeOf } = openHost(grant());
  const open = (): string[] =>
    readdirSync('/proc/self/fd').flatMap((name) => {
      try {
        return [readlinkSync(`/proc/self/fd/${name}`)].filter((path) => path.startsWith(root));
      } catch {
        return [];
      }
    });
  for (let count = 0; count < 50; count += 1) {
    await host.call('stat', [inside('a.txt')]);
    await codeOf('readText', inside('bad-link'));
    await codeOf('list', inside('fifo'));
  }
  expect(open()).toEqual([]);
});
