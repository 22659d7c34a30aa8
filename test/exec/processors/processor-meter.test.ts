import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ProcessorMeter } from '../../../exec/processors/processor-meter.ts';

let folder: string;
let path: string;
let now: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-meter-'));
  path = join(folder, 'stat');
  now = 0;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As the kernel writes it: user nice system idle iowait irq softirq steal guest guest_nice. */
const tell = (...ticks: number[]): void =>
  writeFileSync(path, `cpu  ${ticks.join(' ')}\ncpu0 1 2 3 4\nintr 5\n`);
const open = (): ProcessorMeter => new ProcessorMeter(path, () => now);

it('tells what nobody used since the last time, waiting for disks included, and what the lanes did', () => {
  tell(100, 0, 100, 1000, 50, 0, 0, 0, 90, 0);
  const meter = open();
  expect(meter.isKnown).toBe(true);
  expect(meter.use(500)).toBeNull();
  now = 100;
  tell(105, 0, 105, 1008, 52, 0, 0, 0, 95, 0);
  expect(meter.use(505)).toEqual({ idle: 0.5, own: 0.25, thread: expect.any(Number) });
  now = 200;
  tell(110, 2, 110, 1008, 52, 1, 1, 6, 95, 0);
  // A lane has ended, and what it had used with it.
  expect(meter.use(300)).toMatchObject({ idle: 0, own: 0 });
});

it('says nothing of a moment, and adds it to the next', () => {
  tell(1, 0, 0, 0, 0, 0, 0, 0);
  const meter = open();
  meter.use(0);
  tell(4, 0, 0, 0, 0, 0, 0, 0);
  expect(meter.use(1)).toBeNull();
  tell(11, 0, 0, 10, 0, 0, 0, 0);
  expect(meter.use(5)).toMatchObject({ idle: 0.5, own: 0.25 });
});

it('says nothing of what was long ago, and begins anew', () => {
  tell(1, 0, 0, 0, 0, 0, 0, 0);
  const meter = open();
  meter.use(0);
  now = 300;
  tell(1, 0, 0, 2000, 0, 0, 0, 0);
  expect(meter.use(0)).toBeNull();
  now = 400;
  tell(21, 0, 0, 2000, 0, 0, 0, 0);
  expect(meter.use(0)).toMatchObject({ idle: 0 });
});

it.each(['', 'cpu\n', 'cpu a b c d\n', 'cpu  0 0 0 0 0 0 0 0\n', 'no such thing'])(
  'knows nothing of %j',
  (text) => {
    writeFileSync(path, text);
    expect(open().isKnown).toBe(false);
    expect(open().use(0)).toBeNull();
  },
);

it('knows nothing without such a file', () => {
  expect(open().isKnown).toBe(false);
  expect(open().use(0)).toBeNull();
});

it.runIf(existsSync('/proc/stat'))('reads what this kernel tells', () => {
  expect(new ProcessorMeter().isKnown).toBe(true);
});
