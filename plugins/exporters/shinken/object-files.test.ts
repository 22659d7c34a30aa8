import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mark } from './dialects/dialect.ts';
import { ObjectFiles } from './object-files.ts';

let parent: string;
let folder: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'opsbro-objects-'));
  folder = join(parent, 'agent');
});
afterEach(() => {
  spawnSync('umount', ['--lazy', parent]);
  rmSync(parent, { recursive: true });
});

function mount(at: string): string | null {
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', at], { encoding: 'utf8' });
  return done.status === 0 ? null : (done.error?.message ?? done.stderr.trim());
}

/** Why no file system can be mounted here; null when it can. */
function mountRefused(): string | null {
  const probe = mkdtempSync(join(tmpdir(), 'opsbro-mount-'));
  const reason = mount(probe);
  if (reason === null) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  if (reason !== null && process.env.OPSBRO_TEST_REQUIRE === 'all')
    throw new Error(`cannot mount a tmpfs: ${reason}`);
  return reason;
}

const refusedMount = mountRefused();

const text = (body: string): string => `# ${mark}\n${body}\n`;
const there = (): { [name: string]: string } =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
const never = (name: string): never => {
  throw new Error(`${name} was refused`);
};

async function opened(): Promise<ObjectFiles> {
  const files = new ObjectFiles(folder, '.cfg');
  await files.open();
  return files;
}

/** Makes the directory hold these files, and keeps that. */
async function set(files: ObjectFiles, wanted: { [name: string]: string }): Promise<string[]> {
  const changes = await files.changes(new Map(Object.entries(wanted)), never);
  await files.apply(changes);
  await files.keep();
  return [...changes.keys()];
}

it('makes what the user of the tool can read, whatever the umask of the agent', async () => {
  // As the unit that `opsbro generate systemd` writes sets it.
  const before = process.umask(0o027);
  try {
    await set(await opened(), { 'a.cfg': text('one') });
    await set(await opened(), { 'a.cfg': text('two') });
  } finally {
    process.umask(before);
  }
  expect(statSync(folder).mode & 0o777).toBe(0o755);
  expect(statSync(join(folder, 'a.cfg')).mode & 0o777).toBe(0o644);
});

it('writes what differs, removes what is no more, and leaves the rest as it is', async () => {
  const files = await opened();
  expect(await set(files, { 'a.cfg': text('1'), 'b.cfg': text('2') })).toEqual(['a.cfg', 'b.cfg']);
  const { ino, mode } = statSync(join(folder, 'a.cfg'));
  expect(mode & 0o777).toBe(0o644);
  expect(await set(files, { 'a.cfg': text('1'), 'c.cfg': text('3') })).toEqual(['b.cfg', 'c.cfg']);
  expect(statSync(join(folder, 'a.cfg')).ino).toBe(ino);
  expect(there()).toEqual({ 'a.cfg': text('1'), 'c.cfg': text('3') });
  expect(await set(files, { 'a.cfg': text('1'), 'c.cfg': text('3') })).toEqual([]);
});

it('brings everything back that a refused change touched', async () => {
  const files = await opened();
  await set(files, { 'a.cfg': text('1'), 'b.cfg': text('2') });
  const before = there();
  await files.apply(
    await files.changes(
      new Map([
        ['a.cfg', text('bad')],
        ['new.cfg', text('bad')],
      ]),
      never,
    ),
  );
  await files.apply(await files.changes(new Map([['a.cfg', text('worse')]]), never));
  expect(files.isOpen).toBe(true);
  await files.undo();
  expect([there(), files.isOpen]).toEqual([before, false]);
});

it('undoes at the start what a process that died had not proved', async () => {
  const files = await opened();
  await set(files, { 'a.cfg': text('1') });
  const before = there();
  await files.apply(await files.changes(new Map([['b.cfg', text('unproved')]]), never));
  expect(Object.keys(there())).toEqual(['.a.cfg.was', '.opsbro-before.json', 'b.cfg']);
  await opened();
  expect(there()).toEqual(before);
  writeFileSync(join(folder, '.opsbro-before.json'), '{"a.cfg": nul');
  await opened();
  expect(there()).toEqual(before);
});

it('never touches what somebody else wrote, and follows no link', async () => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'localhost.cfg'), 'define host {\n}\n');
  writeFileSync(join(parent, 'outside'), text('outside'));
  symlinkSync(join(parent, 'outside'), join(folder, 'link.cfg'));
  mkdirSync(join(folder, 'deep.cfg'));
  const files = await opened();
  const refused: string[] = [];
  const wanted = ['localhost.cfg', 'link.cfg', 'deep.cfg', 'a.cfg'].map((name): [string, string] => [
    name,
    text('x'),
  ]);
  const changes = await files.changes(new Map(wanted), (name) => refused.push(name));
  expect([refused, [...changes.keys()]]).toEqual([['localhost.cfg', 'link.cfg', 'deep.cfg'], ['a.cfg']]);
  expect([...(await files.changes(new Map(), never)).keys()]).toEqual([]);
  expect(readFileSync(join(parent, 'outside'), 'utf8')).toBe(text('outside'));
});

it('makes its directory, but not the one above', async () => {
  await expect(new ObjectFiles(join(folder, 'deep', 'er'), '.cfg').open()).rejects.toThrow(/ENOENT/);
  await opened();
  expect(there()).toEqual({});
});

it('undoes at the start a change, or an undoing, in the middle of which a process died', async () => {
  const files = await opened();
  await set(files, { 'a.cfg': text('1'), 'b.cfg': text('2'), 'c.cfg': text('3') });
  const before = there();
  const wanted = new Map([['b.cfg', text('new')]]);
  await files.apply(await files.changes(wanted, never));
  // As when it had renamed one back.
  renameSync(join(folder, '.a.cfg.was'), join(folder, 'a.cfg'));
  await opened();
  expect(there()).toEqual(before);
  // As when it died before the first change.
  writeFileSync(join(folder, '.a.cfg.tmp'), 'half');
  writeFileSync(join(folder, '.a.cfg.was'), text('1'));
  await opened();
  expect(there()).toEqual(before);
});

it.skipIf(refusedMount !== null)(
  `changes nothing on a full disk, and can undo there${refusedMount === null ? '' : ` (skipped: ${refusedMount})`}`,
  async () => {
    expect(mount(parent)).toBeNull();
    const files = await opened();
    const ballast = join(parent, 'ballast');
    const fill = (leaveBlocks: number): void => {
      const { bavail, bsize } = statfsSync(parent);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail - leaveBlocks) * bsize));
    };
    await set(files, { 'a.cfg': text('1'), 'b.cfg': text('2'), 'c.cfg': text('3') });
    const before = there();
    const wanted = new Map([
      ['a.cfg', text('4')],
      ['b.cfg', text('5')],
      ['d.cfg', text('6')],
    ]);
    const changes = await files.changes(wanted, never);
    // Room for some of what a change writes, never for all of it.
    for (const leaveBlocks of [0, 1, 2, 3, 5]) {
      fill(leaveBlocks);
      await expect(files.apply(changes)).rejects.toThrow(/ENOSPC/);
      expect([there(), files.isOpen]).toEqual([before, false]);
      rmSync(ballast);
    }
    await files.apply(changes);
    fill(0);
    await files.undo();
    expect([there(), files.isOpen]).toEqual([before, false]);
    rmSync(ballast);
    await files.apply(changes);
    await files.keep();
    expect(there()).toEqual(Object.fromEntries(wanted));
  },
);
