import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { JsonObject, Manifest, Verdict } from 'opsbro/sdk';
import { hostContext, runCheck, runVerb } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import log, { type Options } from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
let root: string;
let path: string;
let state: JsonObject;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'opsbro-log-'));
  path = join(root, 'app.log');
  state = {};
  writeFileSync(path, 'ERROR of old\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** One run; what it keeps goes through JSON, as it does in the agent. */
async function look(given: Partial<Options> = {}): Promise<Verdict> {
  const verdict = await runCheck(log, manifest, { path, critical_pattern: 'ERROR', ...given }, state);
  state = JSON.parse(JSON.stringify(state)) as JsonObject;
  return verdict;
}

/** Lines read and lines that matched, of one run. */
async function counts(
  given: Partial<Options> = {},
): Promise<[number | null | undefined, number | null | undefined]> {
  const { metrics } = await look(given);
  return [metrics?.lines?.value, metrics?.critical?.value];
}

const write = (text: string): void => appendFileSync(path, text);

describe('check/log, when its log is', () => {
  /** Turns app.log into app.log.1 and so on, as logrotate does; every file gets a later time than the one before. */
  let clock = 1_000_000;
  function age(...names: string[]): void {
    for (const name of names) utimesSync(join(root, name), clock, clock++);
  }

  beforeEach(async () => {
    age('app.log');
    await look();
    write('ERROR before\n');
    age('app.log');
  });

  it('rotated: reads the rest of the old file, then the new one', async () => {
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'fine\nERROR after\n');
    age('app.log');
    expect(await counts()).toEqual([3, 2]);
    write('ERROR later\n');
    expect(await counts()).toEqual([1, 1]);
  });

  it('rotated by a writer that goes on with the old file for a moment', async () => {
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
    age('app.log');
    expect(await counts()).toEqual([1, 1]);
    appendFileSync(`${path}.1`, 'ERROR late\n');
    write('ERROR new\n');
    expect(await counts()).toEqual([2, 2]);
    renameSync(`${path}.1`, `${path}.2`);
    appendFileSync(`${path}.2`, 'ERROR later\n');
    expect(await counts()).toEqual([1, 1]);
    expect(await counts()).toEqual([0, 0]);
  });

  it('rotated while it is read: a file that gets another name is not read twice', async () => {
    renameSync(path, `${path}.1`);
    expect((await look()).metrics?.lines?.value).toBe(1);
    appendFileSync(`${path}.1`, 'ERROR late\n');
    age('app.log.1');
    const given = { critical_pattern: 'ERROR', critical_count: 0, warning_count: 0, ignore_case: false };
    const options = { ...given, path, absent: 'ok', max_size: '1MiB', max_lines: 5 } as Options;
    const ctx = hostContext({ options, state });
    let lists = 0;
    const list = (folder: string) => {
      lists += 1;
      if (lists === 2) renameSync(`${path}.1`, `${path}.2`);
      return ctx.list(folder);
    };
    const outcome = await runVerb(log, { ...ctx, list });
    expect(lists).toBe(2);
    expect(outcome).toMatchObject({ value: { metrics: { lines: { value: 1 } } } });
  });

  it('rotated by a writer that never opens the new file', async () => {
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
    age('app.log');
    expect(await counts()).toEqual([1, 1]);
    for (let hour = 0; hour < 3; hour += 1) {
      (state.older as JsonObject).untilMs = 0;
      appendFileSync(`${path}.1`, 'ERROR late\n');
      age('app.log.1');
      expect(await counts()).toEqual([1, 1]);
    }
  });

  it('rotated and not there yet', async () => {
    renameSync(path, `${path}.1`);
    expect(await look()).toMatchObject({ state: 'critical', metrics: { lines: { value: 1 } } });
    expect(await look()).toMatchObject({ state: 'unknown' });
    write('ERROR after\n');
    expect(await counts()).toEqual([1, 1]);
  });

  it('rotated three times between two runs', async () => {
    renameSync(path, `${path}.3`);
    writeFileSync(`${path}.2`, 'ERROR second\n');
    age('app.log.2');
    writeFileSync(`${path}.1`, 'ERROR third');
    age('app.log.1');
    writeFileSync(path, 'ERROR fourth\n');
    age('app.log');
    writeFileSync(join(root, 'app-errors.log'), 'ERROR of somebody else\n');
    expect(await counts()).toEqual([4, 4]);
  });

  it('rotated by date', async () => {
    renameSync(path, join(root, 'app-2026-01-01.log'));
    writeFileSync(path, 'ERROR after\n');
    age('app.log');
    expect(await counts()).toEqual([2, 2]);
  });

  it('rotated while it was empty, then written and rotated again', async () => {
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
    age('app.log');
    expect(await counts()).toEqual([1, 1]);
    renameSync(`${path}.1`, `${path}.2`);
    write('ERROR unseen\n');
    age('app.log');
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'ERROR seen\n');
    age('app.log');
    expect(await counts()).toEqual([2, 2]);
  });

  it('rotated and far behind', async () => {
    write('ERROR of some length\n'.repeat(20_000));
    age('app.log');
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'ERROR after\n');
    age('app.log');
    let read = 0;
    for (let run = 0; run < 4; run += 1) read += (await counts({ max_size: '200KiB' }))[1] ?? 0;
    expect(read).toBe(20_002);
  });

  it('copied and truncated', async () => {
    copyFileSync(path, `${path}.1`);
    age('app.log.1');
    truncateSync(path);
    write('ERROR after\n');
    age('app.log');
    expect(await counts()).toEqual([2, 2]);
  });

  it('copied, truncated and longer than before', async () => {
    copyFileSync(path, `${path}.1`);
    age('app.log.1');
    truncateSync(path);
    write('ERROR after\n'.repeat(50));
    age('app.log');
    expect(await counts()).toEqual([51, 51]);
  });

  it('truncated: what was not read is gone, what is new is read', async () => {
    truncateSync(path);
    const { output, metrics } = await look();
    expect(output).toMatch(/; the log was cut or replaced, and lines before that may be lost$/);
    expect(metrics?.lines?.value).toBe(0);
    write('ERROR after\n');
    expect(await counts()).toEqual([1, 1]);
  });

  it('replaced by a file that begins the same', async () => {
    writeFileSync(path, 'ERROR of old\nERROR other\nERROR more\n');
    expect(await counts()).toEqual([2, 2]);
  });

  /** As logrotate without `delaycompress`: the old file is gone, its time that of the log. */
  function compress(from: string, to: string): void {
    const { mtimeMs } = statSync(from);
    writeFileSync(to, gzipSync(readFileSync(from)));
    utimesSync(to, mtimeMs / 1000, mtimeMs / 1000);
    unlinkSync(from);
  }

  it('rotated and compressed at once: reads the rest of the old file, then the new one', async () => {
    write('x'.repeat(100).concat('\n').repeat(10_000));
    write('ERROR last\n');
    compress(path, `${path}.1.gz`);
    writeFileSync(path, 'ERROR after\n');
    age('app.log');
    const verdict = await look();
    expect(verdict.metrics).toMatchObject({ lines: { value: 10_003 }, critical: { value: 3 } });
    expect(verdict.output).not.toMatch(/lost|more/);
    write('ERROR later\n');
    expect(await counts()).toEqual([1, 1]);
  });

  it('rotated twice and compressed: reads both files, in pieces where they are long', async () => {
    write('ERROR of some length\n'.repeat(20_000));
    age('app.log');
    compress(path, `${path}.2.gz`);
    writeFileSync(path, 'ERROR between\n');
    age('app.log');
    compress(path, `${path}.1.gz`);
    writeFileSync(path, 'ERROR after\n');
    age('app.log');
    const seen: number[] = [];
    for (let run = 0; run < 4; run += 1) seen.push((await counts({ max_size: '200KiB' }))[1] ?? 0);
    expect(seen[0]).toBeLessThan(15_000);
    expect(seen.reduce((sum, count) => sum + count)).toBe(20_003);
  });

  it('compressed at this moment: the half of a copy is nobody else', async () => {
    renameSync(path, `${path}.1`);
    writeFileSync(`${path}.1.gz`, gzipSync(readFileSync(`${path}.1`)).subarray(0, 20));
    writeFileSync(path, 'ERROR after\n');
    age('app.log');
    expect(await counts()).toEqual([2, 2]);
  });

  it('compressed while a writer goes on with the old file for a moment', async () => {
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
    age('app.log');
    expect(await counts()).toEqual([1, 1]);
    appendFileSync(`${path}.1`, 'ERROR late\n');
    compress(`${path}.1`, `${path}.2.gz`);
    expect(await counts()).toEqual([1, 1]);
    expect(await counts()).toEqual([0, 0]);
    write('ERROR new\n');
    expect(await counts()).toEqual([1, 1]);
    await look();
    expect(state.older).toBeUndefined();
  });

  it.each([
    ['app.log.1.xz', Buffer.from('7zXZ')],
    ['app.log.1.gz', Buffer.from('no gzip')],
  ])('compressed into %s that cannot be read: goes on with the new file and says so', async (name, bytes) => {
    unlinkSync(path);
    writeFileSync(join(root, name), bytes);
    age(name);
    writeFileSync(path, 'ERROR after\n');
    expect(await look()).toMatchObject({
      output: `${path}: 1 critical and 0 warning of 1 new lines: ERROR after; the log was rotated into ${name}, which cannot be read, and lines in there may be lost`,
      metrics: { lines: { value: 1 } },
    });
    expect((await look()).output).not.toContain('lost');
  });

  it('rotated on the go, and loses no line and reads none twice', async () => {
    let written = 0;
    let seen = (await counts({ critical_pattern: 'LINE' }))[1] ?? 0;
    for (let round = 0; round < 60; round += 1) {
      for (let line = 0; line < round % 7; line += 1) write(`LINE ${written++}\n`);
      age('app.log');
      if (round % 5 === 4) {
        for (let old = 8; old > 0; old -= 1) {
          try {
            renameSync(`${path}.${old}`, `${path}.${old + 1}`);
          } catch {}
        }
        if (round % 2 === 0) renameSync(path, `${path}.1`);
        else {
          copyFileSync(path, `${path}.1`);
          age('app.log.1');
          truncateSync(path);
        }
        write(`LINE ${written++}\n`);
        age('app.log');
      }
      if (round % 3 !== 0) seen += (await counts({ critical_pattern: 'LINE' }))[1] ?? 0;
    }
    seen += (await counts({ critical_pattern: 'LINE' }))[1] ?? 0;
    expect(seen).toBe(written);
  });
});
