import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  unlinkSync,
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

it('ends when its run ends', async () => {
  const ctx = hostContext({ options: { path, max_size: '1MiB' } as Options });
  ctx.abort();
  await expect(runVerb(log, ctx)).rejects.toBe(ctx.signal.reason);
});

describe('compliance', () => {
  for (const test of complianceSuite('check', folder, log, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
