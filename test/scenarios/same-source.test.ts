import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CollectorView } from '../../control/shapes.ts';
import { proposeApproval, recordApproval } from '../../sandbox/approval/approve.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

/** One text, approved once as it is and once with `--trust`: it asks the host for something of every kind. */
const source = (name: string): string => `/*---
api: 1
kind: collector
name: ${name}
summary: Says what its host answers.
interval: 1s
options: { type: object, properties: { word: { type: string, default: as it stands } } }
permissions:
  read: [/proc/sys/kernel/*, /proc/sys/kernel/random]
  exec: ["/bin/echo a-b *"]
  kv: ["${name}/"]
---*/
import { defineCollector } from 'opsbro/sdk';
const codeOf = (promise: Promise<unknown>) => promise.then(() => 'no error', (error) => error.code ?? error.name);
export default defineCollector<{ word: string }>({
  async collect(ctx) {
    ctx.state.runs = Number(ctx.state.runs ?? 0) + 1;
    await ctx.kv.put('${name}/x', { n: 1 });
    const ended = await ctx.exec('/bin/echo', ['a-b', '$HOME']);
    return {
      word: ctx.options.word,
      again: Number(ctx.state.runs) > 1,
      ostype: await ctx.readText('/proc/sys/kernel/ostype'),
      lines: await ctx.readLines('/proc/sys/kernel/ostype'),
      listed: (await ctx.list('/proc/sys/kernel/random')).includes('boot_id'),
      kind: (await ctx.stat('/proc/sys/kernel/ostype'))?.type ?? 'none',
      kept: await ctx.kv.get('${name}/x'),
      stdout: ended.stdout,
      code: ended.code,
      absent: await codeOf(ctx.readText('/proc/sys/kernel/absent')),
      now: ctx.clock.now() > 1e12,
      numbers: [0.1 + 0.2, -0, 1e21, Number.MAX_SAFE_INTEGER],
      text: 'ü😀\\u2028',
    };
  },
});
`;

const names = ['alike', 'alike-trusted'];
let config: string;
let agent: RealAgent;

beforeAll(async () => {
  config = await configWithPlugins([]);
  const lock = join(config, 'plugins.lock');
  for (const name of names) {
    const path = join(config, `${name}.ts`);
    writeFileSync(path, source(name));
    const proposal = await proposeApproval(path, lock, name === 'alike' ? {} : { trust: true });
    await recordApproval(proposal, lock, { by: 'test', at: '2026-01-01T00:00:00Z' });
  }
  const objects = names.map((name) => `collector: { use: ${name}, id: ${name} }\n`);
  agent = await startRealAgent({ config, files: { 'alike.yml': objects.join('---\n') } });
});

afterAll(async () => {
  await agent?.dispose();
  rmSync(config, { recursive: true, force: true });
});

it('gives the same in the sandbox and trusted', async () => {
  const [sandboxed, trusted] = await Promise.all(
    names.map((name) =>
      agent.until(`a second run of ${name}`, async () => {
        const { results } = await agent.get<CollectorView>(`/api/v1/collectors/${name}`);
        return results?.again === true && results;
      }),
    ),
  );
  expect(sandboxed).toMatchObject({
    word: 'as it stands',
    ostype: 'Linux\n',
    stdout: 'a-b $HOME\n',
    code: 0,
  });
  expect(trusted).toEqual(sandboxed);
});
