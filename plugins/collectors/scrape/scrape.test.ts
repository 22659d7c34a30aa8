import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import fc from 'fast-check';
import type { JsonObject, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, hostContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import scrape from './index.ts';
import { readSample } from './samples.ts';
import { fits, samplesTree } from './tree.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const isGatewayHere =
  process.env.OPSBRO_TEST_REQUIRE === 'all' ||
  spawnSync('prometheus-pushgateway', ['--version'], { stdio: 'ignore' }).error === undefined;
const all = { include: ['*'], exclude: [], max_samples: 100 };
const options = { url: 'http://127.0.0.1:9100/metrics', ...all, headers: {}, verify_tls: true };
const answer = { status: 200, headers: {}, truncated: false, url: options.url, durationMs: 1.26 };

it.each([
  ['up 1', { name: 'up', labels: '', value: 1 }],
  ['a:b_c{} 1.5e3 1395066363000', { name: 'a:b_c', labels: '', value: 1500 }],
  ['a{b="x",a="y"} 2', { name: 'a', labels: 'a=y,b=x', value: 2 }],
  ['a{b="x\\"\\n\\\\}",} 2', { name: 'a', labels: 'b=x"\n\\}', value: 2 }],
  ['a_total{} 2 # {trace="x"} 1', { name: 'a_total', labels: '', value: 2 }],
  ['a_total 2 123.5 # {trace="x"} 1', { name: 'a_total', labels: '', value: 2 }],
  ['# HELP up x', undefined],
  ['  ', undefined],
  ['up', null],
  ['up NaN', null],
  ['up +Inf', null],
  ['1up 1', null],
  ['up{a=b} 1', null],
  ['up{a="b 1', null],
  ['up 1 2 3', null],
  ['{a="b"} 1', null],
])('reads %j', (line, expected) => {
  expect(readSample(line)).toEqual(expected);
});

it('reads whatever comes without an error', () => {
  const piece = fc.constantFrom('a', '{', '}', '"', '=', ',', ' ', '1', '\\', 'n', '#', '.', 'e');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      readSample(pieces.join(''));
    }),
  );
});

it('puts samples by name and labels, chosen and bounded', () => {
  const text =
    'a 1\na{x="1"} 2\nb{x="1"} 3\nb{x="2"} 4\nnonsense\nc_bucket{le="1"} 5\n__proto__ 6\nd 7\ne 8\n';
  expect(samplesTree(text, { include: ['*'], exclude: ['*_bucket'], max_samples: 6 })).toEqual({
    metrics: Object.assign(Object.create(null), {
      a: { none: 1, 'x=1': 2 },
      b: { 'x=1': 3, 'x=2': 4 },
      ['__proto__']: 6,
      d: 7,
    }),
    samples: 6,
    left_out: 1,
    bad_lines: 1,
  });
  expect(
    Object.keys(samplesTree(text, { include: ['b', 'd'], exclude: [], max_samples: 9 }).metrics),
  ).toEqual(['b', 'd']);
});

it.each([
  ['*', '', true],
  ['*', 'abc', true],
  ['node_*_total', 'node_x_total', true],
  ['node_*_total', 'node_total', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['*a*b', 'xaxbxb', true],
  [`${'*a'.repeat(50)}b`, 'a'.repeat(255), false],
])('fits %j to %j: %s', (pattern, name, expected) => {
  expect(fits(pattern, name)).toBe(expected);
});

describe('collector/scrape', () => {
  it('yields what an exporter tells', async () => {
    const ctx = fixtureContext({
      options,
      http: () => ({ ...answer, text: '# TYPE up gauge\nup 1\nn{d="eth0"} 5\n' }),
    });
    expect(await runVerb(scrape, ctx)).toEqual({
      status: 'done',
      value: {
        metrics: { up: 1, n: { 'd=eth0': 5 } },
        scrape: { samples: 2, left_out: 0, bad_lines: 0, truncated: false, duration_ms: 1.3 },
      },
    });
  });

  it('passes over a line that was cut off', async () => {
    const ctx = fixtureContext({ options, http: () => ({ ...answer, text: 'up 1\nn 55', truncated: true }) });
    expect(await runVerb(scrape, ctx)).toMatchObject({
      value: { metrics: { up: 1 }, scrape: { samples: 1, truncated: true } },
    });
  });

  it('fails where the exporter does', async () => {
    const ctx = fixtureContext({ options, http: () => ({ ...answer, status: 503, text: '' }) });
    await expect(runVerb(scrape, ctx)).rejects.toThrow('the exporter answers 503');
  });

  it('has nothing to do without a url', async () => {
    const ctx = fixtureContext({ options: { ...options, url: '' } });
    expect((await runVerb(scrape, ctx)).status).toBe('not-eligible');
  });
});

describe.skipIf(!isGatewayHere)(
  `beside Debian's pushgateway${isGatewayHere ? '' : ' (skipped: not installed)'}`,
  () => {
    it('reads every sample of a real exporter as that counts it itself', async () => {
      const { address, end } = await startGateway();
      onTestFinished(end);
      const pushed = [
        '# TYPE backup_files counter',
        'backup_files{disk="a \\"quoted\\" \\\\ name\\nof two lines",zone="ü"} 17',
        'backup_files{disk="b"} 1.5e+09',
        '# TYPE backup_ratio gauge',
        'backup_ratio -0.25',
        '# TYPE backup_lost gauge',
        'backup_lost NaN',
        '# TYPE backup_seconds summary',
        'backup_seconds{quantile="0.5"} 3',
        'backup_seconds_sum 12.5',
        'backup_seconds_count 4',
        '',
      ].join('\n');
      const answer = await fetch(`${address}/metrics/job/nightly`, { method: 'POST', body: pushed });
      expect(answer.status).toBe(200);
      const url = `${address}/metrics`;
      const ctx = hostContext({ options: { ...options, url, max_samples: 10_000 } });
      const outcome = await runVerb(scrape, ctx);
      const { metrics, scrape: told } = (
        outcome as unknown as { value: { metrics: JsonObject; scrape: JsonObject } }
      ).value;
      const lines = (await (await fetch(url)).text()).split('\n').filter((line) => /^[^#]/.test(line));
      const notFinite = lines.filter((line) => /(NaN|Inf)$/.test(line));
      expect(told).toMatchObject({
        samples: lines.length - notFinite.length,
        left_out: 0,
        bad_lines: notFinite.length,
      });
      expect(notFinite.length).toBeGreaterThan(0);
      const api = await fetch(`${address}/api/v1/metrics`);
      const [group] = ((await api.json()) as { data: { [name: string]: Family }[] }).data;
      for (const name of ['backup_files', 'backup_ratio', 'push_time_seconds'])
        expect([name, metrics[name]]).toEqual([name, treeOf(group?.[name])]);
      expect(metrics).toMatchObject({
        backup_seconds: { 'instance=,job=nightly,quantile=0.5': 3 },
        backup_seconds_sum: { 'instance=,job=nightly': 12.5 },
        backup_seconds_count: { 'instance=,job=nightly': 4 },
        go_goroutines: expect.any(Number),
        process_resident_memory_bytes: expect.any(Number),
      });
      expect(metrics).not.toHaveProperty('backup_lost');
    });
  },
);

/** A metric as the gateway's own API tells it. */
interface Family {
  metrics: { labels: { [label: string]: string }; value: string }[];
}

function treeOf(family: Family | undefined): JsonObject {
  const samples = (family?.metrics ?? []).map(({ labels, value }): [string, number] => {
    const pairs = Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1));
    return [pairs.map(([label, text]) => `${label}=${text}`).join(','), Number(value)];
  });
  return Object.fromEntries(samples);
}

async function startGateway(): Promise<{ address: string; end(): Promise<void> }> {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as { port: number };
  free.close();
  // Debian's keeps what it has in a file of the host unless told otherwise.
  const args = [`--web.listen-address=127.0.0.1:${port}`, '--persistence.file='];
  const gateway = spawn('prometheus-pushgateway', args, { stdio: 'ignore' });
  const ended = once(gateway, 'exit');
  const address = `http://127.0.0.1:${port}`;
  await expect
    .poll(() =>
      fetch(`${address}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    .toBe(true);
  return {
    address,
    async end() {
      gateway.kill();
      await ended;
    },
  };
}

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, scrape, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
