import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openJournal } from '../../store/journal.ts';

// A disk that answers EIO cannot be had here; this one refuses to open directories.
vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original();
  const open: typeof real.open = async (path, flags, mode) => {
    if ((await real.stat(path).catch(() => null))?.isDirectory() === true)
      throw Object.assign(new Error('EIO: i/o error, open'), { code: 'EIO' });
    return await real.open(path, flags, mode);
  };
  return { ...real, open };
});

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'opsbro-journal-'));
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

it('loses nothing that was appended after a rewrite whose directory could not be synced', async () => {
  const path = join(scratch, 'j');
  const { journal } = await openJournal(path, () => 7);
  await journal.append(['old', 'older']);
  await expect(journal.rewrite(['kept'])).rejects.toThrow('EIO');
  await journal.append(['later']);
  expect(journal.lines).toBe(2);
  await journal.close();
  const again = await openJournal(path, () => 7);
  expect(again.texts).toEqual(['kept', 'later']);
  await again.journal.close();
});
