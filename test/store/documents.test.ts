import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from 'opsbro/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DocumentsOptions, openDocuments, type Where } from '../../store/documents.ts';

let scratch: string;
let path: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'opsbro-documents-'));
  path = join(scratch, 'nodes');
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

const open = (options: Partial<DocumentsOptions> = {}) => openDocuments({ path, ...options });
const hostileKeys = ['__proto__', 'constructor', 'prototype', 'a.b', '$set', '$$deleted', '$where'];
const keyed = (key: string, value: unknown): JsonObject =>
  JSON.parse(`{${JSON.stringify(key)}: ${JSON.stringify(value)}}`);

describe('openDocuments', () => {
  it('finds, orders, changes and removes documents, also after it was opened again', async () => {
    const first = await open({ indexes: [{ field: 'name', unique: true }] });
    for (const [name, zone] of [
      ['a', 'x'],
      ['b', 'y'],
      ['c', 'x'],
    ])
      await first.insert({ name, zone } as JsonObject);
    expect(await first.update({ zone: 'x' }, { seen: 1 })).toBe(2);
    expect(await first.remove({ name: 'b' })).toBe(1);
    await first.sync();
    await first.close();
    await first.close();
    const second = await open();
    const found = await second.find(
      { zone: { in: ['x', 'y'] } },
      { sort: { field: 'name', descending: true }, limit: 1 },
    );
    expect(found).toMatchObject([{ name: 'c', zone: 'x', seen: 1 }]);
    expect(await second.count({ name: { gte: 'a', lt: 'c' } })).toBe(1);
    expect(second.mended).toEqual([]);
    await second.close();
    await expect(second.find({})).rejects.toMatchObject({ code: 'OPSBRO_AGENT_STORE' });
  });

  it('refuses a second document with the value of a unique field, and changes nothing', async () => {
    const documents = await open({ indexes: [{ field: 'name', unique: true }] });
    await documents.insert({ name: 'a' });
    await documents.insert({ name: 'b' });
    await expect(documents.insert({ name: 'a' })).rejects.toMatchObject({ code: 'OPSBRO_API_INVALID' });
    await expect(documents.update({}, { name: 'c' })).rejects.toMatchObject({ code: 'OPSBRO_API_INVALID' });
    expect((await documents.find({}, { sort: { field: 'name' } })).map(({ name }) => name)).toEqual([
      'a',
      'b',
    ]);
    await documents.close();
  });

  it('takes no more than its bound', async () => {
    const documents = await open({ maxDocuments: 2 });
    await documents.insert({ n: 1 });
    await documents.insert({ n: 2 });
    await expect(documents.insert({ n: 3 })).rejects.toMatchObject({ code: 'OPSBRO_AGENT_BUSY' });
    await documents.remove({ n: 1 });
    await documents.insert({ n: 3 });
    await expect(documents.insert({ text: 'x'.repeat(300_000) })).rejects.toMatchObject({
      code: 'OPSBRO_API_INVALID',
    });
    await documents.close();
  });

  it('keeps the file near the size of what it holds', async () => {
    const documents = await open();
    await documents.insert({ _id: 'one', n: 0 });
    for (let n = 1; n <= 2500; n += 1) await documents.update({ _id: 'one' }, { n });
    expect((await readFile(path, 'utf8')).split('\n').length).toBeLessThan(1100);
    await documents.close();
    const again = await open();
    expect(await again.find({})).toEqual([{ _id: 'one', n: 2500 }]);
    await again.close();
  });
});

describe("nedb's weak places", () => {
  it('starts on a torn tail with few documents, and says what it left out', async () => {
    const before = await open();
    for (let n = 1; n <= 3; n += 1) await before.insert({ _id: `d${n}`, n });
    await before.close();
    await truncate(path, (await stat(path)).size - 5);
    const after = await open();
    expect((await after.find({}, { sort: { field: 'n' } })).map(({ n }) => n)).toEqual([1, 2]);
    expect(after.mended).toEqual([expect.stringContaining('1 damaged lines')]);
    await after.close();
  });

  it('starts when most of the file is garbage', async () => {
    const before = await open();
    await before.insert({ _id: 'kept' });
    await before.close();
    await appendFile(path, 'x\n'.repeat(50));
    const after = await open();
    expect(await after.find({})).toEqual([{ _id: 'kept' }]);
    await after.close();
  });

  it('neither shows a change whose write failed nor loses an acknowledged one after it', async () => {
    const module = fileURLToPath(new URL('../../dist/store/documents.js', import.meta.url));
    const code = `import { openDocuments } from ${JSON.stringify(module)};
      import { createInterface } from 'node:readline';
      const commands = createInterface(process.stdin)[Symbol.asyncIterator]();
      const documents = await openDocuments({ path: ${JSON.stringify(path)} });
      const text = 'x'.repeat(3000);
      const codes = new Set();
      await documents.insert({ _id: 'first', n: 0 });
      const fill = async () => { for (let n = 0; n < 40; n += 1) await documents.insert({ _id: 'd' + n, text }).catch((e) => codes.add(e.code)); };
      await fill();
      const kept = await documents.count({});
      await documents.update({}, { text: text + text }).catch((e) => codes.add('update ' + e.code));
      console.log([...codes].join(), kept === (await documents.count({ _id: { ne: 'x' } })), await documents.count({ text: text + text }), kept);
      await commands.next();
      await documents.insert({ _id: 'later' });
      await documents.remove({ _id: 'first' });
      console.log(await documents.count({}));
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(
      'prlimit',
      ['--fsize=50000:unlimited', process.execPath, '--input-type=module', '-e', code],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const [codes, consistent, updated, kept] = String((await lines.next()).value).split(/ (?!OPSBRO)/);
    expect([codes, consistent, updated]).toEqual([
      'OPSBRO_AGENT_STORE,update OPSBRO_AGENT_STORE',
      'true',
      '0',
    ]);
    await once(spawn('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited'], { stdio: 'inherit' }), 'exit');
    child.stdin.write('go\n');
    expect((await lines.next()).value).toBe(kept);
    await once(child, 'exit');
    const after = await open();
    expect(await after.count({})).toBe(Number(kept));
    expect(await after.count({ _id: 'later' })).toBe(1);
    expect(after.mended).toEqual([]);
    await after.close();
  });

  it.each(hostileKeys)('refuses the key %s wherever it comes in', async (key) => {
    const documents = await open();
    await documents.insert({ _id: 'one', n: 1 });
    const hostile = [
      () => documents.insert(keyed(key, { polluted: 1 })),
      () => documents.insert({ deep: [keyed(key, 1)] }),
      () => documents.update({}, keyed(key, 1)),
      () => documents.update({}, { n: keyed(key, 1) }),
      () => documents.find(keyed(key, 1) as Where),
      () => documents.find({ n: keyed(key, 1) }),
      () => documents.find({ n: { in: [keyed(key, 1)] } }),
      () => documents.find({}, { sort: { field: key } }),
      () => documents.remove(keyed(key, 1) as Where),
      () => openDocuments({ path: join(scratch, 'other'), indexes: [{ field: key }] }),
    ];
    for (const act of hostile) await expect(act()).rejects.toMatchObject({ code: 'OPSBRO_API_INVALID' });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(await documents.find({})).toEqual([{ _id: 'one', n: 1 }]);
    await documents.close();
  });

  it.each(['__proto__', 'constructor', '$$id'])(
    'refuses the id %s, which would vanish at the next load',
    async (id) => {
      const documents = await open();
      await expect(documents.insert({ _id: id })).rejects.toMatchObject({ code: 'OPSBRO_API_INVALID' });
      await documents.insert({ _id: 'node.example.org' });
      expect(await documents.count({ _id: 'node.example.org' })).toBe(1);
      await documents.close();
    },
  );

  it('refuses what would make its own queries fail or never end', async () => {
    const documents = await open();
    await documents.insert({ n: 1 });
    await expect(documents.find({ n: { in: 5 as never } })).rejects.toMatchObject({
      code: 'OPSBRO_API_INVALID',
    });
    await expect(documents.update({}, { _id: 'x' })).rejects.toMatchObject({ code: 'OPSBRO_API_INVALID' });
    await expect(documents.insert({ _id: 5 })).rejects.toMatchObject({ code: 'OPSBRO_API_INVALID' });
    let deep: JsonObject = {};
    for (let depth = 0; depth < 100; depth += 1) deep = { deep };
    await expect(documents.insert(deep)).rejects.toMatchObject({ code: 'OPSBRO_API_INVALID' });
    await documents.close();
  });

  it('names a file that cannot be used', async () => {
    await expect(openDocuments({ path: '/dev/null/nodes' })).rejects.toMatchObject({
      code: 'OPSBRO_AGENT_STORE',
      message: expect.stringContaining('/dev/null/nodes'),
    });
  });
});
