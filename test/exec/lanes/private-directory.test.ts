import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openPrivateDirectory } from '../../../exec/lanes/private-directory.ts';
import { removeTree } from '../../../exec/lanes/remove-tree.ts';
import { scratchDirectory } from '../../scratch.ts';

/** Makes a path that is longer than a system call takes. */
function deepDirectory(path: string): void {
  mkdirSync(path);
  const dig =
    'name=$(printf "%0200d" 0); i=0; while [ $i -lt 30 ]; do mkdir $name && cd -P $name || exit 1; i=$((i+1)); done';
  const { status, stderr } = spawnSync('bash', ['-c', dig], { cwd: path, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
}

it('removes what a command made too deep for one call', () => {
  const path = join(scratchDirectory(), 'lane-1');
  deepDirectory(path);
  expect(removeTree(path)).toBe(true);
  expect(existsSync(path)).toBe(false);
  expect(removeTree(path)).toBe(true);
});

it('is emptied of what a killed agent left, however deep', () => {
  const scratch = scratchDirectory();
  const path = join(scratch, 'output');
  mkdirSync(path);
  deepDirectory(join(path, 'lane-1'));
  expect(openPrivateDirectory([path])).toBe(path);
  expect(readdirSync(path)).toEqual([]);
});

it('is the next candidate where one cannot be had', () => {
  const scratch = scratchDirectory();
  writeFileSync(join(scratch, 'file'), '');
  const second = join(scratch, 'second');
  expect(openPrivateDirectory([join(scratch, 'file'), join(scratch, 'no', 'parent'), second])).toBe(second);
  expect(() => openPrivateDirectory([join(scratch, 'file')])).toThrow('belongs to somebody else');
});
