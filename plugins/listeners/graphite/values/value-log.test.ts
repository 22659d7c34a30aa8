import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StoredHistory } from '../history.ts';
import { ValueLog } from './value-log.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-values-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open(maxBytes = 1_000_000, maxValues = 1000): Promise<ValueLog> {
  const log = new ValueLog({ folder: join(folder, 'values'), maxBytes, maxValues });
  await log.open();
  return log;
}

const changes = () => new StoredHistory(folder).values('system').changes;

it('keeps what is no number, once for each change', async () => {
  const log = await open();
  const tree = { os: { name: 'debian', version: 13 }, up: true, users: ['ann'] };
  await log.take('system', 10, tree);
  await log.take('system', 20, { ...tree, os: { name: 'debian', version: 14 } });
  await log.take('system', 30, { os: { name: 'devuan', version: 14 }, users: ['ann', 'bob'] });
  expect(changes()).toEqual([
    { at: 10, path: ['os', 'name'], value: 'debian' },
    { at: 10, path: ['up'], value: true },
    { at: 10, path: ['users'], value: ['ann'] },
    { at: 30, path: ['os', 'name'], value: 'devuan' },
    { at: 30, path: ['users'], value: ['ann', 'bob'] },
    { at: 30, path: ['up'], value: undefined },
  ]);
  expect(statSync(join(folder, 'values', 'system.jsonl')).mode & 0o777).toBe(0o600);
});

it('goes on after a restart, also behind a torn line', async () => {
  await (await open()).take('system', 10, { name: 'a' });
  appendFileSync(join(folder, 'values', 'system.jsonl'), '{"at":11,"pa');
  const log = await open();
  expect(await log.take('system', 20, { name: 'a' })).toBe(false);
  expect(await log.take('system', 30, { name: 'b' })).toBe(true);
  expect(changes().map(({ at, value }) => [at, value])).toEqual([
    [10, 'a'],
    [30, 'b'],
  ]);
});

it('keeps the keys behind metrics whose names do not show them', async () => {
  const log = await open();
  for (const at of [10, 20]) await log.take('system', at, { '/': { used: 1 }, load: 2 });
  expect([...new StoredHistory(folder).values('system').paths]).toEqual([['_.used', ['/', 'used']]]);
  expect(readFileSync(join(folder, 'values', 'system.jsonl'), 'utf8').split('\n')).toHaveLength(2);
});

it('stays within its bytes, and keeps what still holds', async () => {
  const log = await open(4000);
  await log.take('system', 1, { steady: 'yes', text: '' });
  for (let at = 2; at < 300; at += 1) await log.take('system', at, { steady: 'yes', text: `${at}` });
  expect(statSync(join(folder, 'values', 'system.jsonl')).size).toBeLessThan(4100);
  const kept = changes();
  expect(kept.find(({ path }) => path[0] === 'steady')?.value).toBe('yes');
  expect(kept.at(-1)).toEqual({ at: 299, path: ['text'], value: '299' });
});

it('leaves out what is too long, and more values than it may remember', async () => {
  const log = await open(1_000_000, 2);
  await log.take('system', 10, { a: 'x'.repeat(20_000), b: '1', c: '2', d: '3' });
  expect(changes().map(({ path }) => path[0])).toEqual(['b', 'c']);
  expect(log.leftOut).toBe(2);
});

it('knows nothing of what it could not write', async () => {
  const log = await open();
  rmSync(join(folder, 'values'), { recursive: true });
  await expect(log.take('system', 10, { name: 'a' })).rejects.toThrow('ENOENT');
  await log.open();
  await log.take('system', 20, { name: 'a' });
  expect(existsSync(join(folder, 'values', 'system.jsonl'))).toBe(true);
  expect(changes()).toMatchObject([{ at: 20, value: 'a' }]);
});
