import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CrashJournal, readCrashJournal } from '../../../core/host/journal.ts';

function path(): string {
  return join(mkdtempSync(join(tmpdir(), 'opsbro-journal-')), 'journal');
}

describe('crash journal', () => {
  it('names what ran when the process died', () => {
    const file = path();
    const journal = new CrashJournal(file);
    journal.enter('collector/a');
    journal.enter('collector/b');
    journal.enter('collector/b');
    journal.leave('collector/b');
    expect(readCrashJournal(file)).toEqual(['collector/a', 'collector/b']);
    journal.leave('collector/b');
    expect(readCrashJournal(file)).toEqual(['collector/a']);
  });

  it('accuses nobody after an orderly stop', () => {
    const file = path();
    const journal = new CrashJournal(file);
    journal.enter('collector/a');
    journal.close();
    expect(readCrashJournal(file)).toEqual([]);
  });

  it.each([
    ['a missing file', undefined],
    ['an empty file', ''],
    ['garbage', '\0\0{"clean":false'],
    ['another shape', '{"clean":false,"running":"x"}'],
  ])('accuses nobody on %s', (_, content) => {
    const file = path();
    if (content !== undefined) writeFileSync(file, content);
    expect(readCrashJournal(file)).toEqual([]);
  });
});
