import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HandClock } from '../../../test/core/schedule/test-clock.ts';
import { CommandPipe } from './command-pipe.ts';

let folder: string;
let path: string;
let reader: number | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-pipe-'));
  path = join(folder, 'nagios.cmd');
});
afterEach(() => {
  if (reader !== undefined) closeSync(reader);
  reader = undefined;
  rmSync(folder, { recursive: true });
});

function openReader(): number {
  reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return reader;
}

/** Everything the pipe holds now. */
function read(from: number): string {
  const bytes = Buffer.alloc(1024 * 1024);
  let end = 0;
  try {
    for (;;) {
      const count = readSync(from, bytes, end, bytes.length - end, null);
      if (count === 0) break;
      end += count;
    }
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('EAGAIN');
  }
  return bytes.toString('utf8', 0, end);
}

function make(maxWaiting?: number) {
  const clock = new HandClock();
  const logged: string[] = [];
  const take = (message: string) => void logged.push(message);
  const log = { debug: take, info: take, warn: take, error: take };
  return {
    pipe: new CommandPipe({ path, clock, after: (ms, work) => clock.after(ms, work), log, maxWaiting }),
    logged,
    clock,
  };
}

it('writes a line for each result to who reads', () => {
  execFileSync('mkfifo', [path]);
  const from = openReader();
  const { pipe, logged } = make();
  pipe.put([
    { key: 'a', command: 'A;1' },
    { key: 'b', command: 'B;2' },
  ]);
  expect(read(from)).toBe('[1700000000] A;1\n[1700000000] B;2\n');
  expect([pipe.waiting, logged]).toEqual([0, []]);
});

it('keeps the newest of each service while there is no pipe and no reader, and says so once', () => {
  const { pipe, logged, clock } = make();
  pipe.put([{ key: 'a', command: 'A;1' }]);
  clock.advance(3000);
  execFileSync('mkfifo', [path]);
  clock.advance(3000);
  pipe.put([
    { key: 'a', command: 'A;2' },
    { key: 'gone', command: 'G' },
  ]);
  pipe.prune((key) => key !== 'gone');
  const at = Math.floor(clock.now() / 1000);
  clock.advance(3000);
  const from = openReader();
  clock.advance(1000);
  expect(read(from)).toBe(`[${at}] A;2\n`);
  expect(logged).toEqual([
    `${path}: there is no such pipe; results are kept until it is read`,
    `${path}: nobody reads it; results are kept until it is read`,
    `${path} is read again`,
  ]);
});

it('stops at a full pipe and goes on, with every line whole', () => {
  execFileSync('mkfifo', [path]);
  const from = openReader();
  const { pipe, clock } = make();
  const results = Array.from({ length: 100 }, (_, at) => ({
    key: `${at}`,
    command: `${at};${'x'.repeat(4000)}`,
  }));
  pipe.put(results);
  expect(pipe.waiting).toBeGreaterThan(0);
  let text = read(from);
  while (pipe.waiting > 0) {
    clock.advance(50);
    text += read(from);
  }
  const lines = text.trimEnd().split('\n');
  expect(lines.map((line) => Number(/^\[\d+\] (\d+);x{4000}$/.exec(line)?.[1]))).toEqual([...results.keys()]);
});

it('never writes into what is no pipe', () => {
  writeFileSync(path, 'mine');
  const { pipe, logged } = make();
  pipe.put([{ key: 'a', command: 'A' }]);
  expect([pipe.waiting, logged]).toEqual([1, [`${path}: it is no pipe; results are kept until it is read`]]);
  pipe.close();
});

it('drops the oldest beyond its bound and says how many', () => {
  const { pipe, clock, logged } = make(100);
  pipe.put(Array.from({ length: 102 }, (_, at) => ({ key: `${at}`, command: 'A' })));
  expect(pipe.waiting).toBe(100);
  pipe.prune((key) => key === '1' || key === '2');
  execFileSync('mkfifo', [path]);
  const from = openReader();
  clock.advance(1000);
  expect(read(from).split('\n')).toHaveLength(2);
  expect(logged.at(-1)).toBe(`2 results were dropped while ${path} was not read`);
});
