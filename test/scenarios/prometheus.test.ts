import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const isHere = spawnSync('promtool', ['--version']).status === 0;
const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';
/** Names that node_exporter itself has, and promtool finds fault with. */
const brokenThere = /^node_(memory|netstat|entropy)_/;

let agent: RealAgent | undefined;
let server: ChildProcess | undefined;
const scratch = mkdtempSync(join(tmpdir(), 'opsbro-prometheus-'));

afterEach(async () => {
  if (server !== undefined) {
    const ended = once(server, 'exit');
    server.kill();
    await ended;
  }
  await agent?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

it.skipIf(!isHere && !isRequired)('is scraped by Prometheus, and faultless to promtool', async () => {
  agent = await startRealAgent();
  const { until, write, output } = agent;
  write('prometheus.yml', 'prometheus: {enabled: true}\nhttp: {port: 0}\n');
  const url = await until('its port', async () => /listens on (http:\/\/[^"]+)/.exec(output())?.[1], 150_000);
  const scrape = (accept: string) => fetch(`${url}/metrics`, { headers: { accept } });
  const text = await until('its figures', async () => {
    const answer = await scrape('text/plain');
    const found = answer.ok ? await answer.text() : '';
    return (
      ['node_memory_MemTotal_bytes', 'node_network_receive_bytes_total', 'opsbro_uptime_seconds'].every(
        (name) => found.includes(`\n${name}`),
      ) && found
    );
  });
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  const faults = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !brokenThere.test(line));
  expect(faults).toEqual([]);
  const open = await scrape('application/openmetrics-text;version=1.0.0');
  expect(open.headers.get('content-type')).toContain('application/openmetrics-text; version=1.0.0');
  const port = await startPrometheus(new URL(url).host);
  const query = async (expression: string) => {
    const path = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const answer = await fetch(path).catch(() => undefined);
    if (answer?.ok !== true) return undefined;
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result[0]?.value[1];
  };
  expect(await until('a scrape', () => query('up{job="opsbro"} == 1'), 150_000)).toBe('1');
  expect(Number(await query('node_memory_MemTotal_bytes'))).toBeGreaterThan(1e6);
  expect(Number(await query('count(node_cpu_seconds_total{mode="idle"})'))).toBeGreaterThan(0);
});

async function startPrometheus(target: string): Promise<number> {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as { port: number };
  free.close();
  const file = join(scratch, 'prometheus.yml');
  writeFileSync(
    file,
    `scrape_configs: [{job_name: opsbro, scrape_interval: 1s, static_configs: [{targets: ['${target}']}]}]\n`,
  );
  const words = [`--config.file=${file}`, `--storage.tsdb.path=${join(scratch, 'data')}`];
  server = spawn('prometheus', [...words, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  return port;
}
