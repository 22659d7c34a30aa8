import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LaneDirectory } from '../../../exec/lanes/lane-directory.ts';

let folder: string;
let directory: LaneDirectory;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-lane-'));
  directory = new LaneDirectory(join(folder, 'lane-1'));
  directory.open();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('goes on with another directory, and keeps what has begun until it is cleared', () => {
  const before = directory.path;
  writeFileSync(join(before, '1'), '');
  const moved = directory.replace();
  expect(existsSync(before)).toBe(false);
  expect(existsSync(join(moved, '1'))).toBe(true);
  expect(existsSync(directory.path)).toBe(true);
  directory.clear();
  expect(existsSync(moved)).toBe(false);
});

it('is as before where another cannot be made', () => {
  const before = directory.path;
  writeFileSync(join(before, '1'), '');
  // Somebody has made the next one.
  mkdirSync(join(folder, 'lane-1.1'));
  expect(() => directory.replace()).toThrow('EEXIST');
  expect(directory.path).toBe(before);
  expect(existsSync(join(before, '1'))).toBe(true);
  expect(existsSync(join(directory.replace(), '1'))).toBe(true);
});
