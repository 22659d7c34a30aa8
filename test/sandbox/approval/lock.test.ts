import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proposeApproval, recordApproval, revokeApproval } from '../../../sandbox/approval/approve.ts';
import { type LockEntry, lockPath, readLock, updateLock } from '../../../sandbox/approval/lock.ts';
import { readBundle } from '../../../sandbox/bundle.ts';

let root: string;
let lock: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'opsbro-lock-'));
  lock = join(root, 'plugins.lock');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function entry(name: string): LockEntry {
  const limits = null;
  return {
    name,
    digest: 'a'.repeat(64),
    source: 'b'.repeat(64),
    dependencies: [],
    trust: false,
    path: '/p',
    permissions: {},
    limits,
    approved: '2026-01-01T00:00:00Z',
    by: 'alice',
  };
}

const add = (name: string): Promise<void> => updateLock(lock, (entries) => [...entries, entry(name)]);

describe('a lock', () => {
  it('that is not there approves nothing', () => {
    expect(readLock(lock).size).toBe(0);
    expect(readLock(undefined).size).toBe(0);
  });

  it('is written whole, for all to read, sorted, and leaves nothing beside', async () => {
    await add('collector/b');
    await add('collector/a');
    expect([...readLock(lock).values()]).toEqual([entry('collector/a'), entry('collector/b')]);
    expect(statSync(lock).mode & 0o777).toBe(0o644);
    expect(readdirSync(root)).toEqual(['plugins.lock']);
  });

  it('is changed by one at a time', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, index) => add(`collector/p${index}`)));
    expect(readLock(lock).size).toBe(8);
  });

  it('stays as it was when a change fails', async () => {
    await add('collector/a');
    const before = readFileSync(lock, 'utf8');
    await expect(updateLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(readFileSync(lock, 'utf8')).toBe(before);
    expect(readdirSync(root)).toEqual(['plugins.lock']);
  });

  it('takes away what a killed command left behind, and waits for one at work', async () => {
    writeFileSync(`${lock}.new`, '{"plugins": [');
    utimesSync(`${lock}.new`, 1, 1);
    await add('collector/a');
    expect(readLock(lock).has('collector/a')).toBe(true);
    let finish = (): void => {};
    let slow = Promise.resolve();
    await new Promise<void>((begun) => {
      slow = updateLock(lock, async (entries) => {
        const finished = new Promise<void>((resolve) => {
          finish = resolve;
        });
        begun();
        await finished;
        return entries;
      });
    });
    const next = add('collector/b');
    finish();
    await Promise.all([slow, next]);
    expect(readLock(lock).size).toBe(2);
  });

  it('is left to the command that took over from one that was held up', async () => {
    const held = async (
      name: string,
    ): Promise<{ finish(): void; ended: Promise<PromiseSettledResult<void>> }> => {
      let finish = (): void => {};
      const wait = new Promise<void>((resolve) => {
        finish = resolve;
      });
      let ended = Promise.resolve() as Promise<void>;
      await new Promise<void>((begun) => {
        ended = updateLock(lock, async (entries) => {
          begun();
          await wait;
          return [...entries, entry(name)];
        });
      });
      return { finish, ended: Promise.allSettled([ended]).then(([end]) => end) };
    };
    const first = await held('collector/a');
    utimesSync(`${lock}.new`, 1, 1);
    const second = await held('collector/b');
    first.finish();
    expect(await first.ended).toMatchObject({ reason: { code: 'OPSBRO_AGENT_BUSY' } });
    second.finish();
    expect(await second.ended).toMatchObject({ status: 'fulfilled' });
    expect([...readLock(lock).keys()]).toEqual(['collector/b']);
    expect(readdirSync(root)).toEqual(['plugins.lock']);
  });

  it.each<[string, () => void, string, RegExp]>([
    ['a link', () => symlinkSync('x', lock), 'OPSBRO_CONFIG_UNSAFE', /must be a file, found a link/],
    ['a folder', () => mkdirSync(lock), 'OPSBRO_CONFIG_UNSAFE', /must be a file that belongs to root/],
    [
      'writable by others',
      () => {
        writeFileSync(lock, '{"plugins": []}');
        chmodSync(lock, 0o664);
      },
      'OPSBRO_CONFIG_UNSAFE',
      /writable by nobody else/,
    ],
    [
      'larger than 4 MiB',
      () => writeFileSync(lock, Buffer.alloc(5 * 2 ** 20)),
      'OPSBRO_CONFIG_TOO_LARGE',
      /has over/,
    ],
    [
      'no list',
      () => writeFileSync(lock, '{"plugins": {}}'),
      'OPSBRO_CONFIG_SYNTAX',
      /expected a mapping with a list/,
    ],
    [
      'two minds about a plugin',
      () => writeFileSync(lock, JSON.stringify({ plugins: [entry('collector/a'), entry('collector/a')] })),
      'OPSBRO_CONFIG_SYNTAX',
      /names the plugin collector\/a twice/,
    ],
  ])('is refused when it is %s, also by who would write it', async (_what, prepare, code, message) => {
    prepare();
    const refused = { code, message: expect.stringMatching(message) };
    expect(() => readLock(lock)).toThrow(expect.objectContaining(refused));
    await expect(add('collector/b')).rejects.toMatchObject(refused);
    expect(existsSync(`${lock}.new`)).toBe(false);
  });

  it.each([
    ['digest', '../../../etc/passwd'],
    ['digest', 'A'.repeat(64)],
    ['digest', 1],
    ['name', '../x'],
    ['name', 'collector/../../x'],
    ['name', '__proto__'],
  ])('names nothing by %s %j', (key, value) => {
    writeFileSync(
      lock,
      JSON.stringify({ plugins: [{ ...entry('collector/a'), [key]: value }, null, 1, 'x'] }),
      { mode: 0o644 },
    );
    expect([...readLock(lock)]).toEqual([]);
  });

  it('that counts is the first that is there, else the first that can be written', () => {
    const [first, second] = ['one', 'two'].map((name) => join(root, name, 'plugins.lock')) as [
      string,
      string,
    ];
    expect(lockPath([first, second])).toBeUndefined();
    mkdirSync(join(root, 'two'));
    expect(lockPath([first, second])).toBe(second);
    mkdirSync(join(root, 'one'));
    expect(lockPath([first, second])).toBe(first);
    writeFileSync(second, '');
    expect(lockPath([first, second])).toBe(second);
    symlinkSync('/nowhere', first);
    expect(lockPath([first, second])).toBe(first);
  });

  it('says who may write it where this user may not', async () => {
    const refused = {
      code: 'OPSBRO_HOST_DENIED',
      message: expect.stringContaining('run this as root or as the agent'),
    };
    await expect(updateLock(join(root, 'none', 'plugins.lock'), (all) => all)).rejects.toMatchObject(refused);
  });
});

describe('what is kept', () => {
  it('is the code whose digest the lock names, while another process swaps the file', async () => {
    const path = join(root, 'depth.js');
    const text = (mark: string): string =>
      `/*---\napi: 1\nkind: collector\nname: depth\nsummary: Depth.\n---*/\nexport default { collect: () => '${mark}' };\n`;
    const versions = ['version-one', 'version-two'].map(text);
    for (const [index, version] of versions.entries()) writeFileSync(join(root, `v${index}`), version);
    const script = `const fs = require('fs'); const [path, ...all] = process.argv.slice(1);
      console.log('swaps');
      for (let i = 0; ; i += 1) { fs.copyFileSync(all[i % 2], path + '.new'); fs.renameSync(path + '.new', path); }`;
    writeFileSync(path, versions[0] as string);
    const swapper = spawn(process.execPath, ['-e', script, path, join(root, 'v0'), join(root, 'v1')]);
    try {
      await new Promise((resolve) => swapper.stdout.once('data', resolve));
      const sources = new Map<string, string>();
      for (let round = 0; round < 6; round += 1) {
        const { source, digest } = await recordApproval(await proposeApproval(path, lock), lock, {
          by: 'alice',
          at: '',
        });
        const kept = readBundle(join(root, '.plugins', `${digest}.json`), digest);
        const [mark = ''] = /version-(one|two)/.exec(kept.code) ?? [];
        expect(sources.get(source) ?? mark).toBe(mark);
        expect(kept.map).toContain(mark);
        sources.set(source, mark);
      }
    } finally {
      swapper.kill('SIGKILL');
    }
  });

  it('is what the lock names, and what it named before, until the next change', async () => {
    const path = join(root, 'depth.js');
    const kept = (): string[] => readdirSync(join(root, '.plugins')).sort();
    const digests: string[] = [];
    for (const depth of [1, 2, 3]) {
      writeFileSync(
        path,
        `/*---\napi: 1\nkind: collector\nname: depth\nsummary: Depth.\n---*/\nexport default ${depth};\n`,
      );
      const { digest } = await recordApproval(await proposeApproval(path, lock), lock, {
        by: 'alice',
        at: '',
      });
      digests.push(`${digest}.json`);
    }
    expect(kept()).toEqual(digests.slice(1).sort());
    expect(statSync(join(root, '.plugins', digests[2] as string)).mode & 0o777).toBe(0o644);
    await revokeApproval(lock, 'collector/depth');
    expect(kept()).toEqual([]);
  });
});
