import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { IdleProcessors } from '../../../exec/lanes/idle-processors.ts';

let folder: string;
let path: string;
let now: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-idle-'));
  path = join(folder, 'stat');
  now = 0;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As the kernel writes it: user nice system idle iowait irq softirq steal guest guest_nice. */
const tell = (...ticks: number[]): void =>
  writeFileSync(path, `cpu  ${ticks.join(' ')}\ncpu0 1 2 3 4\nintr 5\n`);
const open = (): IdleProcessors => new IdleProcessors(path, () => now);

it('tells what nobody used since the last time, waiting for disks included', () => {
  tell(100, 0, 100, 1000, 50, 0, 0, 0, 90, 0);
  const processors = open();
  expect(processors.isKnown).toBe(true);
  now = 100;
  tell(105, 0, 105, 1008, 52, 0, 0, 0, 95, 0);
  expect(processors.share()).toBe(0.5);
  now = 200;
  tell(110, 2, 110, 1008, 52, 1, 1, 6, 95, 0);
  expect(processors.share()).toBe(0);
});

it('says nothing of a moment, and adds it to the next', () => {
  tell(0, 0, 0, 0, 0, 0, 0, 0);
  const processors = open();
  tell(3, 0, 0, 0, 0, 0, 0, 0);
  expect(processors.share()).toBeNull();
  tell(10, 0, 0, 10, 0, 0, 0, 0);
  expect(processors.share()).toBe(0.5);
});

it('says nothing of what was long ago, and begins anew', () => {
  tell(0, 0, 0, 0, 0, 0, 0, 0);
  const processors = open();
  now = 10_000;
  tell(0, 0, 0, 2000, 0, 0, 0, 0);
  expect(processors.share()).toBeNull();
  now = 10_100;
  tell(20, 0, 0, 2000, 0, 0, 0, 0);
  expect(processors.share()).toBe(0);
});

it.each(['', 'cpu\n', 'cpu a b c d\n', 'no such thing'])('knows nothing of %j', (text) => {
  writeFileSync(path, text);
  expect(open().isKnown).toBe(false);
  expect(open().share()).toBeNull();
});

it('knows nothing without such a file', () => {
  expect(open().isKnown).toBe(false);
  expect(open().share()).toBeNull();
});

it.runIf(existsSync('/proc/stat'))('reads what this kernel tells', () => {
  expect(new IdleProcessors().isKnown).toBe(true);
});
