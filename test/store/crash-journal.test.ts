import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CrashJournal, readCrashJournal } from '../../store/crash-journal.ts';
import { scratchDirectory } from '../scratch.ts';

function path(): string {
  return join(scratchDirectory(), 'journal');
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

  it('accuses nobody of what ran when the machine went down', () => {
    const file = path();
    new CrashJournal(file).enter('collector/a');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/"boot":"[^"]+"/, '"boot":"other"'));
    expect(readCrashJournal(file)).toEqual([]);
  });

  it('writes nothing after it is closed, whatever its descriptor names by then', () => {
    const file = path();
    const journal = new CrashJournal(file);
    journal.enter('collector/a');
    journal.close();
    const other = path();
    const descriptor = openSync(other, 'w');
    journal.leave('collector/a');
    journal.close();
    closeSync(descriptor);
    expect(readFileSync(other, 'utf8')).toBe('');
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
