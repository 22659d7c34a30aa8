import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { CollectorView } from '../../control/shapes.ts';
import { proposeApproval, recordApproval } from '../../sandbox/approval/approve.ts';
import { startRealAgent } from './real-agent.ts';

it('a sandboxed plugin reaches all that it was granted, and nothing else', async () => {
  const server = createServer((_request, response) => response.end('served'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const config = join(mkdtempSync(join(tmpdir(), 'opsbro-granted-')), 'config.d');
  mkdirSync(config);
  const file = join(config, 'reaches.js');
  writeFileSync(
    file,
    `/*---
api: 1
kind: collector
name: reaches
summary: Asks for a bit of everything.
permissions:
  read: [/proc/loadavg]
  http: ["http://127.0.0.1:${port}/a/*"]
  tcp: ["127.0.0.1:${port}"]
  exec: ["/bin/echo -n *"]
  env: [GRANTED]
  kv: [reaches/]
---*/
const code = async (work) => { try { await work(); return 'none'; } catch (error) { return error.code; } };
export default { async collect(ctx) {
  const runs = ((await ctx.kv.get('reaches/runs')) ?? 0) + 1;
  await ctx.kv.put('reaches/runs', runs);
  const talk = await ctx.tcp('127.0.0.1', ${port});
  await talk.write('GET / HTTP/1.0\\r\\n\\r\\n');
  const line = await talk.read({ until: '\\r\\n' });
  talk.close();
  const base = 'http://127.0.0.1:${port}';
  return {
    runs, line,
    keys: (await ctx.kv.list('reaches/')).join(' '),
    load: (await ctx.readText('/proc/loadavg')).length > 0,
    echo: (await ctx.exec('/bin/echo', ['-n', '$HOME;id'])).stdout,
    text: (await ctx.http({ url: base + '/a/b' })).text,
    variable: ctx.env('GRANTED'),
    denied: [
      await code(() => ctx.kv.get('other/x')),
      await code(() => ctx.exec('/bin/echo', ['x'])),
      await code(() => ctx.http({ url: base + '/b' })),
      await code(() => ctx.tcp('127.0.0.1', 1)),
      await code(() => ctx.readText('/etc/passwd')),
      await code(() => ctx.env('PATH')),
    ].join(' '),
  };
} };
`,
  );
  writeFileSync(join(config, 'reaches.yml'), 'collector: {interval: 2s}\n');
  const lock = join(config, 'plugins.lock');
  await recordApproval(await proposeApproval(file, lock), lock, { by: 'test', at: '2026-01-01T00:00:00Z' });
  const agent = await startRealAgent({ config, env: { GRANTED: 'seen' } });
  try {
    const results = await agent.until('two runs', async () => {
      const view = await agent.get<CollectorView>('/api/v1/collectors/reaches').catch(() => undefined);
      const found = view?.results as { runs?: number } | null | undefined;
      return (found?.runs ?? 0) >= 2 && found;
    });
    expect(results).toMatchObject({
      line: 'HTTP/1.1 200 OK\r\n',
      keys: 'reaches/runs',
      load: true,
      echo: '$HOME;id',
      text: 'served',
      variable: 'seen',
      denied: Array(6).fill('OPSBRO_PLUGIN_DENIED').join(' '),
    });
  } finally {
    await agent.dispose();
    server.close();
    rmSync(join(config, '..'), { recursive: true, force: true });
  }
});
