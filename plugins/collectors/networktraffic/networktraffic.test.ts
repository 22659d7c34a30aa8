import { readFileSync } from 'node:fs';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import networktraffic from './index.ts';
import { columns, isExcluded, parseNetDev } from './net-dev.ts';

const folder = new URL('./', import.meta.url);
const recorded = (name: string) => new URL(`testdata/${name}/`, folder);
const options = { exclude: ['lo'] };
const head = 'Inter-|\n face |\n';
const line = (name: string, counter: number) => `${head}${name}:${` ${counter}`.repeat(16)}\n`;
const zeros = Object.fromEntries(columns.map((column) => [column, 0]));

async function twoRuns(host: string, elapsedMs: number) {
  const ctx = fixtureContext({ root: recorded(`${host}/first`), options });
  await runVerb(networktraffic, ctx);
  ctx.clock.advance(elapsedMs);
  ctx.use(recorded(`${host}/second`));
  const outcome = await runVerb(networktraffic, ctx);
  return outcome.status === 'done' ? outcome.value : {};
}

describe('networktraffic', () => {
  const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8'));
  for (const test of complianceSuite('collector', folder, networktraffic, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);

  it('gives growth, rates and raw counters on linux 6.18', async () => {
    const tree = await twoRuns('linux-6.18', 10_000);
    expect(Object.keys(tree)).toEqual(['ifb0', 'ifb1', 'eth0']);
    expect(tree.ifb0).toMatchObject({ ...zeros, 'recv_bytes/s': 0, recv_bytes_total: 0 });
    expect(tree.eth0).toMatchObject({
      recv_bytes: 0,
      'recv_bytes/s': 0,
      recv_bytes_total: 200269228,
      recv_packets: 0,
      'recv_packets/s': 0,
      recv_packets_total: 5744,
      trans_bytes: 0,
      'trans_bytes/s': 0,
      trans_bytes_total: 472988,
      trans_packets: 0,
      'trans_packets/s': 0,
      trans_packets_total: 3589,
    });
    expect(Object.keys(tree.eth0 ?? {})).toHaveLength(16 + 16 + 4);
  });

  it('reads linux 2.6.18, with glued numbers, an alias, a reset counter and a fresh interface', async () => {
    const tree = await twoRuns('linux-2.6.18', 2500);
    expect(Object.keys(tree)).toEqual(['eth0', 'eth0:1', 'ppp0']);
    const { trans_bytes: _, ...rest } = zeros;
    expect(tree.eth0).toEqual({
      ...rest,
      recv_bytes: 10_000,
      'recv_bytes/s': 4000,
      recv_packets: 100,
      'recv_packets/s': 40,
      recv_errs: 1,
      recv_multicast: 1,
      trans_packets: 5,
      'trans_packets/s': 2,
      trans_drop: 4,
      ...Object.fromEntries(columns.map((column) => [`${column}_total`, 0])),
      recv_bytes_total: 1_215_655_000,
      recv_packets_total: 27_610,
      recv_errs_total: 2,
      recv_multicast_total: 6,
      trans_bytes_total: 1000,
      trans_packets_total: 27_825,
      trans_drop_total: 4,
      trans_colls_total: 3,
    });
    expect(tree.ppp0).toMatchObject({ recv_bytes_total: 500 });
    expect(tree.ppp0).not.toHaveProperty('recv_bytes');
  });

  it('yields raw counters only in its first run and after a clock step', async () => {
    const ctx = fixtureContext({ files: { '/proc/net/dev': line('eth0', 7) }, options });
    for (const step of [0, 3_600_000]) {
      ctx.clock.advance(1000);
      ctx.clock.step(step);
      expect(await runVerb(networktraffic, ctx)).toEqual({
        status: 'done',
        value: { eth0: Object.fromEntries(columns.map((column) => [`${column}_total`, 7])) },
      });
    }
  });

  it("reads the host's own file in a container that watches its host", async () => {
    const ctx = fixtureContext({
      files: { '/proc/net/dev': line('inner0', 1), '/proc/1/net/dev': line('outer0', 1) },
      env: { HOST_PROC: '/host/proc' },
      options,
    });
    expect(await runVerb(networktraffic, ctx)).toHaveProperty('value.outer0');
  });

  it('bounds what it keeps', async () => {
    const many = Array.from({ length: 401 }, (_, n) => line(`veth${n}`, Number.MAX_SAFE_INTEGER)).join('');
    const ctx = fixtureContext({ files: { '/proc/net/dev': many }, options });
    const outcome = await runVerb(networktraffic, ctx);
    expect(Object.keys(outcome.status === 'done' ? outcome.value : {})).toHaveLength(400);
    expect(JSON.stringify(ctx.state).length).toBeLessThan(256 * 1024);
    expect(ctx.logs).toMatchObject([{ level: 'warn', fields: { found: 401, watched: 400 } }]);
  });

  it.each<{ [path: string]: string }>([
    {},
    { '/proc/net/dev': '' },
    { '/proc/net/dev': head },
    { '/proc/net/dev': `${head}lo: 1 2 3` },
    { '/proc/net/dev': line('lo', 1) },
  ])('is not eligible on %j', async (files) => {
    expect((await runVerb(networktraffic, fixtureContext({ files, options }))).status).toBe('not-eligible');
  });

  it('leaves out lines cut short', () => {
    const text = `${line('eth0', 1)}eth1: 1 2 3\neth2: ${'x '.repeat(16)}\n`;
    expect([...parseNetDev(text).keys()]).toEqual(['eth0']);
  });

  it.each([
    ['lo', ['lo'], true],
    ['lo0', ['lo'], false],
    ['veth1', ['lo', 'veth*'], true],
    ['br-1-x', ['br-*-x'], true],
    ['br-x', ['br-*-x'], false],
    ['aXbYc', ['a*b*c'], true],
    ['ac', ['a*b*c'], false],
    ['any', ['*'], true],
    ['eth0', [], false],
  ])('says of %s under %j: %s', (name, patterns, expected) => {
    expect(isExcluded(name, patterns)).toBe(expected);
  });
});
