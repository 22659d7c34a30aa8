import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineCollector } from 'opsbro/sdk';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { recordHost, runVerb } from './index.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-record-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('records the real host once, and replays it when that is gone', async () => {
  const server = createServer((socket) => socket.end('220 ready\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const depth = join(folder, 'depth');
  writeFileSync(depth, '1\n');
  const plugin = defineCollector({
    async collect(ctx) {
      const before = await ctx.readText(depth);
      ctx.log.info('seen');
      const after = await ctx.readText(depth);
      const gone = await ctx.readText(`${depth}-gone`).catch((error: { code: string }) => error.code);
      const bytes = [...(await ctx.readBytes(depth, 0, 1))];
      const connection = await ctx.tcp('127.0.0.1', port);
      const banner = await connection.read({ until: '\n' });
      connection.close();
      const { stdout } = await ctx.exec(process.execPath, ['-p', '6 * 7']);
      const absent = (await ctx.stat(`${depth}-gone`)) === undefined;
      return {
        before,
        after,
        gone,
        bytes,
        banner,
        stdout,
        absent,
        at: ctx.clock.now(),
        home: ctx.env('PATH') ?? '',
      };
    },
  });
  const file = join(folder, 'testdata/host.json');
  vi.stubEnv('RECORD_HOST', '1');
  const first = await runVerb(plugin, recordHost(file));
  vi.unstubAllEnvs();
  server.close();
  rmSync(depth);
  expect(await runVerb(plugin, recordHost(file))).toEqual(first);
  expect(first).toMatchObject({
    value: {
      gone: 'OPSBRO_HOST_NOT_FOUND',
      bytes: [49],
      banner: '220 ready\n',
      stdout: '42\n',
      absent: true,
    },
  });
});

it('answers a call that was made again in the order of the recording, then by its last answer', async () => {
  const file = join(folder, 'turns.json');
  const calls = { 'readText("/x")': [{ value: '1' }, { value: '2' }] };
  writeFileSync(file, JSON.stringify({ at: 5000, calls }));
  const ctx = recordHost(file);
  const read = [await ctx.readText('/x'), await ctx.readText('/x'), await ctx.readText('/x')];
  expect([...read, ctx.clock.now()]).toEqual(['1', '2', '2', 5000]);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ at: 5000, calls });
});

it('fails with what was asked for a call that is not recorded, and without a recording', async () => {
  const file = join(folder, 'empty.json');
  writeFileSync(file, '{"at": 1, "calls": {}}');
  await expect(recordHost(file).exec('/bin/x', ['-a'])).rejects.toThrow(
    `exec("/bin/x", ["-a"]) is not recorded in ${file}; record it again with RECORD_HOST=1`,
  );
  expect(() => recordHost(join(folder, 'none.json'))).toThrow(
    /none\.json is not there: run the test once with/,
  );
});
