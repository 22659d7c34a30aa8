import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openJournal } from '../../store/journal.ts';

let scratch: string;
let path: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'opsbro-journal-'));
  path = join(scratch, 'j');
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

async function write(...texts: string[]): Promise<void> {
  const { journal } = await openJournal(path, () => 7);
  await journal.append(texts);
  await journal.close();
}

async function read() {
  const { journal, texts, bad, setAside } = await openJournal(path, () => 7);
  await journal.close();
  return { texts, bad, setAside };
}

describe('openJournal', () => {
  it('reads back what was appended', async () => {
    await write('one', '', 'drei ✓');
    await write('four');
    expect(await read()).toEqual({ texts: ['one', '', 'drei ✓', 'four'], bad: 0, setAside: null });
  });

  it('keeps every whole line whatever byte the file is torn at', async () => {
    await write('first', 'second');
    const whole = await readFile(path);
    const second = whole.indexOf('\n') + 1;
    for (let size = 0; size <= whole.length; size += 1) {
      await writeFile(path, whole.subarray(0, size));
      const complete = [
        size >= second - 1 ? ['first'] : [],
        size >= whole.length - 1 ? ['second'] : [],
      ].flat();
      expect((await read()).texts).toEqual(complete);
      await write('later');
      expect((await read()).texts).toEqual([...complete, 'later']);
    }
  });

  it('moves a line with any flipped byte aside and keeps the others', async () => {
    await write('first', 'second', 'third');
    const whole = await readFile(path);
    const start = whole.indexOf('\n') + 1;
    for (let at = start; at < whole.indexOf('\n', start); at += 1) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      await writeFile(path, flipped);
      const found = await read();
      expect(found.texts).toEqual(['first', 'third']);
      expect(await readFile(String(found.setAside))).toEqual(
        Buffer.concat([flipped.subarray(start, flipped.indexOf('\n', start)), Buffer.from('\n')]),
      );
    }
  });

  it('accepts a text that looks like a line of its own', async () => {
    await write('00000000 x');
    expect((await read()).texts).toEqual(['00000000 x']);
  });

  it('replaces everything at once, also over a rewrite that was cut short', async () => {
    await writeFile(`${path}.next`, 'half');
    const { journal } = await openJournal(path, () => 7);
    await journal.append(['a', 'b']);
    await journal.rewrite(['c']);
    expect(journal.lines).toBe(1);
    await journal.append(['d']);
    await journal.sync();
    await journal.close();
    await journal.close();
    expect((await read()).texts).toEqual(['c', 'd']);
    expect(await readdir(scratch)).toEqual(['j']);
  });

  it('ignores blank lines that somebody added', async () => {
    await write('a');
    await appendFile(path, '\n\n');
    expect(await read()).toMatchObject({ texts: ['a'], bad: 0 });
  });

  it('starts empty on an empty file', async () => {
    await write('a');
    await truncate(path, 0);
    expect((await read()).texts).toEqual([]);
  });
});
