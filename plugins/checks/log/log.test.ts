import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject, Manifest, Verdict } from 'opsbro/sdk';
import { complianceSuite, hostContext, runCheck, runVerb } from 'opsbro/sdk/testing';
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

describe('check/log', () => {
  it('judges what is new, once', async () => {
    expect(await look()).toMatchObject({ state: 'ok', output: `${path}: 0 new lines, none of them matches` });
    write('fine\nERROR one\r\nWARN two\nERROR three\n');
    expect(await look({ warning_pattern: 'WARN' })).toEqual({
      state: 'critical',
      output: `${path}: 2 critical and 1 warning of 4 new lines: ERROR three\nWARN two\nERROR one`,
      metrics: {
        lines: { value: 4, min: 0 },
        critical: { value: 2, critical: '0', min: 0 },
        warning: { value: 1, warning: '0', min: 0 },
      },
    });
    expect(await look()).toMatchObject({ state: 'ok' });
  });

  it('reads what is there already when told to', async () => {
    expect(await counts({ from_start: true })).toEqual([1, 1]);
    expect(await counts({ from_start: true })).toEqual([0, 0]);
  });

  it('begins anew when its configuration names another log', async () => {
    await look();
    write('ERROR here\n');
    const other = join(root, 'other.log');
    writeFileSync(other, 'ERROR there\n');
    expect(await counts({ path: other })).toEqual([0, 0]);
  });

  it('waits for the end of a line', async () => {
    await look();
    write('ERR');
    expect(await counts()).toEqual([0, 0]);
    write('OR late\nmore');
    expect(await counts()).toEqual([1, 1]);
  });

  it('gives up a line of 64 KiB without an end', async () => {
    await look();
    write(`ERROR ${'x'.repeat(70_000)}`);
    expect(await counts()).toEqual([1, 1]);
    write('\nERROR\n');
    expect(await counts()).toEqual([2, 1]);
  });

  it.each<[string, Partial<Options>, string]>([
    ['two of three', { critical_count: 2 }, 'ok'],
    ['three of two', { critical_count: 1 }, 'critical'],
    ['ignored ones', { ignore_pattern: 'one|two' }, 'ok'],
    ['ones in another case', { critical_pattern: 'error', ignore_case: true }, 'critical'],
    ['ones in the same case only', { critical_pattern: 'error' }, 'ok'],
    ['warnings', { critical_pattern: 'none', warning_pattern: 'ERROR' }, 'warning'],
    ['none where one must be', { critical_pattern: 'alive', critical_count: '1:' }, 'critical'],
  ])('counts %s', async (_, options, expected) => {
    await look(options);
    write('ERROR one\nERROR two\n');
    expect((await look(options)).state).toBe(expected);
  });

  it('shows the newest lines, and so many of them', async () => {
    await look();
    for (let number = 0; number < 20; number += 1) write(`ERROR ${number}\n`);
    const { output } = await look({ max_lines: 3 });
    expect(output.split('\n').slice(1)).toEqual(['ERROR 18', 'ERROR 17']);
  });

  it('says of a log that is not there what `absent` says, and reads one that comes from its beginning', async () => {
    unlinkSync(path);
    expect(await look()).toMatchObject({ state: 'unknown', output: `${path}: the log does not exist` });
    expect(await look({ absent: 'ok' })).toMatchObject({ state: 'ok' });
    write('ERROR first\n');
    expect(await counts()).toEqual([1, 1]);
    const nowhere = join(root, 'no/such/app.log');
    expect(await look({ path: nowhere })).toMatchObject({ state: 'unknown' });
  });

  it('reads a limited piece at a run and goes on at the next', async () => {
    await look();
    write('ERROR of some length\n'.repeat(20_000));
    const first = await look({ max_size: '200KiB' });
    expect(first.output).toContain('more is to be read at the next run');
    let read = first.metrics?.lines?.value ?? 0;
    expect(read).toBeGreaterThan(5000);
    expect(read).toBeLessThan(15_000);
    for (let run = 0; run < 3; run += 1) read += (await counts({ max_size: '200KiB' }))[0] ?? 0;
    expect(read).toBe(20_000);
    expect((await look({ max_size: '200KiB' })).output).not.toContain('more');
  });

  it('reads texts that are cut in the middle of a character', async () => {
    await look();
    write(`${'é'.repeat(100)}\n`.repeat(3000));
    expect(await counts({ critical_pattern: '^é+$' })).toEqual([3000, 3000]);
  });

  it('keeps a problem over its runs until a line ends it', async () => {
    await look();
    write('ERROR one\n');
    expect(await look({ ok_pattern: 'fine' })).toMatchObject({ state: 'critical' });
    const later = await look({ ok_pattern: 'fine' });
    expect(later).toMatchObject({ state: 'critical', output: expect.stringContaining('ERROR one') });
    write('all is fine\n');
    expect(await look({ ok_pattern: 'fine' })).toMatchObject({ state: 'ok' });
  });

  it('fails when its log is a directory', async () => {
    unlinkSync(path);
    mkdirSync(path);
    await expect(look()).rejects.toThrow();
  });
});

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
    expect(await counts()).toEqual([0, 0]);
    write('ERROR after\n');
    expect(await counts()).toEqual([1, 1]);
  });

  it('replaced by a file that begins the same', async () => {
    writeFileSync(path, 'ERROR of old\nERROR other\nERROR more\n');
    expect(await counts()).toEqual([2, 2]);
  });

  it('rotated and compressed: goes on with the new file', async () => {
    renameSync(path, `${path}.1.gz`);
    writeFileSync(path, 'ERROR after\n');
    expect(await counts()).toEqual([1, 1]);
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

it('ends when its run ends', async () => {
  const ctx = hostContext({ options: { path, max_size: '1MiB' } as Options });
  ctx.abort();
  await expect(runVerb(log, ctx)).rejects.toBe(ctx.signal.reason);
});

describe('compliance', () => {
  for (const test of complianceSuite('check', folder, log, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
