import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigWatch } from '../../../configuration/watch/watch.ts';
import { systemClock, type TimerClock } from '../../../core/clock.ts';
import { HandClock } from '../../core/schedule/test-clock.ts';

const root = new URL('../../../', import.meta.url).href;
const node = [process.execPath, '--input-type=module', '--eval'];
let folder: string;
const watches: ConfigWatch[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-watch-'));
  mkdirSync(join(folder, 'config.d'));
});

afterEach(async () => {
  for (const watch of watches.splice(0)) await watch.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Recorded {
  watch: ConfigWatch;
  hints: number;
  changes: number;
  armed: number;
  closed: number;
  blind: string[];
  /** Whether watching is refused from the next time on. */
  refusal: Error | undefined;
  emit(path: string): void;
}

async function record(clock: TimerClock): Promise<Recorded> {
  let onEvent: (path: string) => void = () => {};
  const recorded: Recorded = {
    hints: 0,
    changes: 0,
    armed: 0,
    closed: 0,
    blind: [] as string[],
    emit: (path) => onEvent(path),
  } as Recorded;
  recorded.watch = new ConfigWatch({
    directories: [join(folder, 'config.d')],
    clock,
    onHint: () => {
      recorded.hints += 1;
    },
    onChange: () => {
      recorded.changes += 1;
    },
    onBlind: (reason) => void recorded.blind.push(reason),
    startWatching: async (_directories, listener, onRefused) => {
      recorded.armed += 1;
      onEvent = listener;
      for (let folders = 0; recorded.refusal !== undefined && folders < 3; folders += 1)
        onRefused(recorded.refusal);
      return {
        close: async () => {
          recorded.closed += 1;
        },
      };
    },
  });
  watches.push(recorded.watch);
  await recorded.watch.start();
  return recorded;
}

describe('the watch', () => {
  it('hints at once and tells of a change after 50 ms of quiet', async () => {
    const clock = new HandClock();
    const seen = await record(clock);
    seen.emit('/c/a.yml');
    expect(seen).toMatchObject({ hints: 1, changes: 0 });
    clock.advance(49);
    seen.emit('/c/b.yml');
    clock.advance(49);
    expect(seen).toMatchObject({ hints: 1, changes: 0 });
    clock.advance(1);
    await vi.waitUntil(() => seen.changes === 1);
    expect(seen.hints).toBe(1);
  });

  it('waits at most 500 ms for a burst to end', async () => {
    const clock = new HandClock();
    const seen = await record(clock);
    for (let at = 0; at < 520; at += 40) {
      seen.emit('/c/a.yml');
      clock.advance(40);
    }
    await vi.waitUntil(() => seen.changes === 1);
  });

  it.each(['/c/.a.yml.swp', '/c/a.yml~', '/c/..data', '/c/notes.txt', '/c/plugins.lock~'])(
    'ignores %s',
    async (path) => {
      const seen = await record(new HandClock());
      seen.emit(path);
      expect(seen.hints).toBe(0);
    },
  );

  it('hints at a template, whatever its ending', async () => {
    const seen = await record(new HandClock());
    seen.emit('/c/mail/templates/check.txt');
    expect(seen.hints).toBe(1);
  });

  it('finds on a rescan what no event told', async () => {
    const clock = new HandClock();
    const seen = await record(clock);
    await seen.watch.rescan();
    expect(seen.hints).toBe(0);
    writeFileSync(join(folder, 'config.d', 'a.yml'), 'x: 1\n');
    await seen.watch.rescan();
    expect(seen.hints).toBe(1);
    clock.advance(50);
    await vi.waitUntil(() => seen.changes === 1);
    await seen.watch.rescan();
    expect(seen.hints).toBe(1);
  });

  it('looks every five seconds while the kernel does not watch, says so once, and tries again each minute', async () => {
    const clock = new HandClock();
    const seen = await record(clock);
    seen.refusal = Object.assign(new Error('ENOSPC: no watches left'), { code: 'ENOSPC' });
    writeFileSync(join(folder, 'config.d', 'a.yml'), 'x: 1\n');
    await seen.watch.rescan();
    clock.advance(50);
    await vi.waitUntil(() => seen.changes === 1);
    expect(seen.blind).toEqual(['ENOSPC: no watches left; raise fs.inotify.max_user_watches']);
    for (let round = 2; round < 5; round += 1) {
      writeFileSync(join(folder, 'config.d', 'a.yml'), `x: ${'1'.repeat(round)}\n`);
      clock.advance(5000);
      await vi.waitUntil(() => seen.hints === round);
      clock.advance(50);
      await vi.waitUntil(() => seen.changes === round);
      await seen.watch.rescan();
    }
    expect(seen.blind).toHaveLength(1);
    seen.refusal = undefined;
    await seen.watch.rescan();
    const { armed } = seen;
    clock.advance(60_000);
    await seen.watch.rescan();
    expect(seen.armed).toBe(armed);
    seen.refusal = new Error('no more');
    rmSync(join(folder, 'config.d', 'a.yml'));
    await seen.watch.rescan();
    expect(seen.blind.slice(1)).toEqual(['no more']);
  });

  it('tells a process without descriptors from a kernel without instances', async () => {
    const script = `
      import { openSync, writeSync } from 'node:fs';
      import 'chokidar';
      import { ConfigWatch } from '${root}dist/configuration/watch/watch.js';
      import { systemClock } from '${root}dist/core/clock.js';
      const onBlind = (reason) => { writeSync(1, reason); process.exit(0); };
      const nothing = () => undefined;
      const watch = new ConfigWatch({
        directories: ['${folder}/config.d'], clock: systemClock, onHint: nothing, onChange: nothing, onBlind,
      });
      try { for (;;) openSync('/dev/null'); } catch {}
      await watch.start();`;
    const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -n 100; exec "$@"', 'sh', ...node, script], {
      encoding: 'utf8',
      cwd: fileURLToPath(root),
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^EMFILE: .*; this process has no descriptor left: raise its limit \(ulimit -n/);
  });

  it('looks again after a change, for writes that no event told', async () => {
    const clock = new HandClock();
    const seen = await record(clock);
    seen.emit('/c/a.yml');
    clock.advance(50);
    await vi.waitUntil(() => seen.changes === 1);
    writeFileSync(join(folder, 'config.d', 'a.yml'), 'x: 1\n');
    clock.advance(300);
    await vi.waitUntil(() => seen.hints === 2);
    clock.advance(50);
    await vi.waitUntil(() => seen.changes === 2);
  });

  it('watches again a directory that was replaced', async () => {
    const seen = await record(new HandClock());
    renameSync(join(folder, 'config.d'), join(folder, 'old'));
    mkdirSync(join(folder, 'config.d'));
    writeFileSync(join(folder, 'config.d', 'a.yml'), 'x: 1\n');
    await seen.watch.rescan();
    await seen.watch.stop();
    expect(seen).toMatchObject({ armed: 2, closed: 2, hints: 1 });
  });

  it('watches again once a folder was added, which may have been missed within another new one', async () => {
    const clock = new HandClock();
    const seen = await record(clock);
    mkdirSync(join(folder, 'config.d', 'pack', 'plugin'), { recursive: true });
    seen.emit('/c/pack');
    clock.advance(50);
    await vi.waitUntil(() => seen.changes === 1);
    clock.advance(300);
    await vi.waitUntil(() => seen.armed === 2);
    await seen.watch.rescan();
    expect(seen).toMatchObject({ armed: 2, closed: 1, changes: 1 });
  });

  it('watches again after a change of which no event came', async () => {
    const seen = await record(new HandClock());
    writeFileSync(join(folder, 'config.d', 'a.yml'), 'x: 1\n');
    await seen.watch.rescan();
    expect(seen).toMatchObject({ armed: 2, hints: 1 });
  });

  it('stops twice, and is silent afterwards', async () => {
    const clock = new HandClock();
    const seen = await record(clock);
    seen.emit('/c/a.yml');
    await seen.watch.stop();
    await seen.watch.stop();
    clock.advance(1000);
    seen.emit('/c/a.yml');
    await seen.watch.rescan();
    expect(seen).toMatchObject({ changes: 0, hints: 1 });
  });

  /** A watch of the real folder, and what waits until it has seen a change. */
  async function real(): Promise<(act: () => void) => Promise<void>> {
    let wake = (): void => {};
    const watch = new ConfigWatch({
      directories: [join(folder, 'config.d')],
      clock: systemClock,
      onHint: () => {},
      onChange: () => wake(),
    });
    watches.push(watch);
    await watch.start();
    return (act) =>
      new Promise((resolve) => {
        wake = resolve;
        act();
      });
  }

  it('sees real writes, renames and removals', async () => {
    const change = await real();
    const file = join(folder, 'config.d', 'a.yml');
    await change(() => writeFileSync(file, 'x: 1\n'));
    writeFileSync(`${file}.tmp`, 'x: 2\n');
    await change(() => renameSync(`${file}.tmp`, file));
    await change(() => rmSync(file));
  });

  it('sees the directory replaced as a whole, and what is written into the new one', async () => {
    mkdirSync(join(folder, 'next'));
    writeFileSync(join(folder, 'next', 'b.yml'), 'x: 1\n');
    const change = await real();
    await change(() => {
      renameSync(join(folder, 'config.d'), join(folder, 'old'));
      renameSync(join(folder, 'next'), join(folder, 'config.d'));
    });
    await change(() => writeFileSync(join(folder, 'config.d', 'b.yml'), 'x: 2, y: 3\n'));
  });
});
