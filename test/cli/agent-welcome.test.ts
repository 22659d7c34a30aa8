import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandWord } from '../../cli/agent-welcome.ts';
import { root } from './workplace.ts';

it('names the program as the shell finds it, else by its path', () => {
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-word-'));
  const word = (path: string, at: string): string => commandWord({ env: { PATH: path }, root }, at);
  expect(word(`:${folder}:/nonexistent`, root)).toBe('bin/opsbro');
  expect(word(folder, join(root, 'bin'))).toBe('./opsbro');
  expect(word(folder, folder)).toBe(join(root, 'bin', 'opsbro'));
  symlinkSync(join(root, 'bin', 'opsbro'), join(folder, 'opsbro'));
  expect(word(folder, folder)).toBe('opsbro');
  rmSync(folder, { recursive: true });
});
