import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataDirectory } from '../../store/data-directory.ts';

let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'opsbro-data-'));
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** Another process that holds the lock of `<path>/state`, as a second agent would. */
async function holder(path: string) {
  await mkdir(join(path, 'run'), { recursive: true });
  const code = `import { ClassicLevel } from 'classic-level';
    import { writeFileSync } from 'node:fs';
    await new ClassicLevel(process.argv[1] + '/state').open();
    writeFileSync(process.argv[1] + '/run/agent.pid', process.pid + '\\n');
    console.log('locked');
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(createInterface(child.stdout), 'line');
  return child;
}

describe('openDataDirectory', () => {
  it('creates the directory for its owner alone and notes format and pid', async () => {
    const path = join(scratch, 'deep', 'data');
    const data = await openDataDirectory(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(data.run)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(path, 'format'), 'utf8')).toBe('1\n');
    expect(await readFile(join(path, 'run', 'agent.pid'), 'utf8')).toBe(`${process.pid}\n`);
    expect(data.mended).toEqual([]);
    await data.close();
    await data.close();
    expect(await readdir(data.run)).toEqual([]);
  });

  it('keeps what was stored', async () => {
    const first = await openDataDirectory(scratch);
    await first.store.put({ put: [['a', { n: 1 }]] });
    await first.close();
    const second = await openDataDirectory(scratch);
    expect(await second.store.get('a')).toEqual({ n: 1 });
    await second.close();
  });

  it('refuses a second agent, naming the holder, and is free after kill -9', async () => {
    const other = await holder(scratch);
    await expect(openDataDirectory(scratch)).rejects.toMatchObject({
      code: 'OPSBRO_AGENT_LOCKED',
      message: expect.stringContaining(`pid ${other.pid}`),
      data: { pid: other.pid },
    });
    other.kill('SIGKILL');
    await once(other, 'exit');
    const data = await openDataDirectory(scratch);
    expect(await readFile(join(scratch, 'run', 'agent.pid'), 'utf8')).toBe(`${process.pid}\n`);
    await data.close();
  });

  it.each([
    ['a file in its place', '/dev/null/data'],
    ['a kernel file system', '/proc/opsbro/data'],
  ])('names a directory that cannot be used: %s', async (_, path) => {
    await expect(openDataDirectory(path)).rejects.toMatchObject({
      code: 'OPSBRO_AGENT_DATA',
      message: expect.stringContaining(path),
    });
  });

  it('refuses a newer format and touches nothing', async () => {
    await mkdir(join(scratch, 'state'));
    await writeFile(join(scratch, 'format'), '7\n');
    await expect(openDataDirectory(scratch)).rejects.toMatchObject({
      code: 'OPSBRO_AGENT_FORMAT',
      data: { found: 7, known: 1 },
    });
    expect(await readdir(join(scratch, 'state'))).toEqual([]);
  });

  it('refuses a format file that is no number', async () => {
    await writeFile(join(scratch, 'format'), 'seven');
    await expect(openDataDirectory(scratch)).rejects.toMatchObject({
      code: 'OPSBRO_AGENT_DATA',
      message: expect.stringContaining('"seven"'),
    });
  });

  it('migrates an older format step by step after a copy', async () => {
    const old = await openDataDirectory(scratch);
    await old.store.put({ put: [['name', 'old']] });
    await old.close();
    await writeFile(join(scratch, 'uuid'), 'u');
    const data = await openDataDirectory(scratch, {
      format: 3,
      migrations: {
        1: async (_, store) => await store.put({ put: [['name', 'new']] }),
        2: async (path) => await writeFile(join(path, 'uuid'), 'v'),
      },
    });
    expect(await data.store.get('name')).toBe('new');
    expect(await readFile(join(scratch, 'uuid'), 'utf8')).toBe('v');
    expect(await readFile(join(scratch, 'format'), 'utf8')).toBe('3\n');
    await data.close();
    const copy = await openDataDirectory(join(scratch, 'backup-format-1'));
    expect(await copy.store.get('name')).toBe('old');
    expect(await readFile(join(scratch, 'backup-format-1', 'uuid'), 'utf8')).toBe('u');
    await copy.close();
  });

  it('keeps every earlier copy and stays at the old format when a migration fails', async () => {
    await (await openDataDirectory(scratch)).close();
    const broken = { format: 2, migrations: { 1: () => Promise.reject(new Error('no')) } };
    await expect(openDataDirectory(scratch, broken)).rejects.toMatchObject({ code: 'OPSBRO_AGENT_DATA' });
    expect(await readFile(join(scratch, 'format'), 'utf8')).toBe('1\n');
    await expect(openDataDirectory(scratch, broken)).rejects.toMatchObject({ code: 'OPSBRO_AGENT_DATA' });
    expect(await readdir(scratch)).toEqual(
      expect.arrayContaining(['backup-format-1', 'backup-format-1.2', 'format']),
    );
    await (await openDataDirectory(scratch)).close();
  });

  it('repairs a store with a damaged index and says so', async () => {
    const before = await openDataDirectory(scratch);
    await before.store.put({ put: [['a', 1]] });
    await before.close();
    await writeFile(join(scratch, 'state', 'CURRENT'), 'garbage');
    const after = await openDataDirectory(scratch);
    expect(await after.store.get('a')).toBe(1);
    expect(after.mended).toEqual([expect.stringContaining('repaired')]);
    await after.close();
  });
});
