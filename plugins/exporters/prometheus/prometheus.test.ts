import type { CheckFact, Json, JsonObject } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { exposition, Families, prefersOpenMetrics } from './families.ts';
import prometheus from './index.ts';
import { processorTimes, translations } from './node-names.ts';

const check: CheckFact = {
  ...{
    id: 'linux/check/load',
    name: 'load',
    display_name: 'Load',
    pack: 'linux',
    state: 'warning',
    hard: true,
  },
  ...{ output: '', long_output: '', perfdata: '', since: 5000, last_run: 9500, stale: false, labels: {} },
};

function open(collectors: object[], options = {}) {
  const ctx = serviceContext({
    options: { exclude: ['cpustats'], max_samples: 1000, ...options },
    snapshots: { facts: { checks: [check, { ...check, id: 'new', state: 'pending' }] } as unknown as Json },
    ask: async () => ({
      status: 200,
      type: 'application/json',
      body: new TextEncoder().encode(JSON.stringify(collectors)),
    }),
  });
  void prometheus.start(ctx as never);
  const scrape = async (accept?: string) => {
    // What it was told of checks comes a turn later.
    await Promise.resolve();
    const request = { route: '/metrics', method: 'GET', params: {}, query: {}, body: null };
    const { type, body } = await ctx.request({ ...request, ...(accept !== undefined && { accept }) });
    return { type, text: new TextDecoder().decode(body as Uint8Array) };
  };
  return scrape;
}

const collector = (name: string, results: JsonObject) => ({ name, state: 'ok', duration_ms: 12.5, results });

it('answers in the text format', async () => {
  const { type, text } = await open([collector('loadaverage', { load1: 0.5, load5: 1, load15: 2 })])();
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text).toContain('# HELP node_load1 1m load average.\n# TYPE node_load1 gauge\nnode_load1 0.5\n');
  expect(text).toContain('opsbro_check_state{check="linux/check/load",name="load",pack="linux"} 1\n');
  expect(text).toContain(
    'opsbro_check_last_run_timestamp_seconds{check="linux/check/load",name="load",pack="linux"} 9.5\n',
  );
  expect(text).not.toContain('check="new"');
  expect(text).toContain('opsbro_collector_duration_seconds{collector="loadaverage"} 0.0125\n');
  expect(text).not.toContain('# EOF');
});

it('answers in OpenMetrics to who prefers it', async () => {
  const scrape = open([collector('kernelstats', { ctxt: 12, pgfault: 7 })]);
  const { type, text } = await scrape('application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
  expect(type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect(text).toContain('# TYPE node_context_switches counter\nnode_context_switches_total 12\n');
  expect(text).toContain('# TYPE node_vmstat_pgfault unknown\nnode_vmstat_pgfault 7\n');
  expect(text.endsWith('# EOF\n')).toBe(true);
});

it.each([
  ['', false],
  ['*/*', false],
  ['text/plain', false],
  ['application/openmetrics-text', true],
  ['application/openmetrics-text; version=1.0.0; q=0.3, text/plain;q=0.5', false],
  ['application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', true],
  ['application/openmetrics-text;q=0', false],
])('of %j chooses OpenMetrics: %s', (accept, expected) => {
  expect(prefersOpenMetrics(accept)).toBe(expected);
});

it('shows every number of other collectors, and leaves out what it is told to', async () => {
  const collectors = [
    collector('redis', { used: 3, up: true, role: 'master', deep: { 'a"b\n': 1 } }),
    collector('secret', { x: 1 }),
  ];
  const { text } = await open(collectors, { exclude: ['secret', 'cpustats'] })();
  expect(text).toContain('opsbro_collector_value{collector="redis",key="used"} 3\n');
  expect(text).toContain('opsbro_collector_value{collector="redis",key="up"} 1\n');
  expect(text).toContain('opsbro_collector_value{collector="redis",key="deep.a\\"b\\n"} 1\n');
  expect(text).not.toContain('secret');
});

it('leaves out samples beyond the limit, and tells how many', async () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, index]));
  const { text } = await open([collector('many', many)], { max_samples: 100 })();
  expect(text.split('\n').filter((line) => line.startsWith('opsbro_collector_value'))).toHaveLength(93);
  expect(text).toContain('opsbro_exporter_dropped_samples 107\n');
});

function translated(name: string, tree: JsonObject): string[] {
  const families = new Families(1000);
  translations.get(name)?.(tree, families);
  return exposition(families, '')
    .text.split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

it.each<[string, JsonObject, string[]]>([
  [
    'memory',
    { memtotal: 4, 'active(anon)': 2, hugepages_total: 3, phys_used: 50 },
    [
      'node_memory_MemTotal_bytes 4096',
      'node_memory_Active_anon_bytes 2048',
      'node_memory_HugePages_Total 3',
    ],
  ],
  [
    'diskusage',
    {
      '/': {
        total: 10,
        used: 4,
        free: 5,
        device: '/dev/vda',
        type: 'ext4',
        read_only: false,
        inodes: { total: 9, free: 3 },
      },
    },
    [
      'node_filesystem_size_bytes{device="/dev/vda",fstype="ext4",mountpoint="/"} 10485760',
      'node_filesystem_avail_bytes{device="/dev/vda",fstype="ext4",mountpoint="/"} 5242880',
      'node_filesystem_free_bytes{device="/dev/vda",fstype="ext4",mountpoint="/"} 6291456',
      'node_filesystem_files{device="/dev/vda",fstype="ext4",mountpoint="/"} 9',
      'node_filesystem_files_free{device="/dev/vda",fstype="ext4",mountpoint="/"} 3',
      'node_filesystem_readonly{device="/dev/vda",fstype="ext4",mountpoint="/"} 0',
    ],
  ],
  [
    'iostats',
    { vda: { in_progress: 1, 'reads/s': 5, counters: { reads: 7, read_sectors: 2, busy_ms: 1500 } } },
    [
      'node_disk_reads_completed_total{device="vda"} 7',
      'node_disk_read_bytes_total{device="vda"} 1024',
      'node_disk_io_now{device="vda"} 1',
      'node_disk_io_time_seconds_total{device="vda"} 1.5',
    ],
  ],
  [
    'networktraffic',
    { eth0: { recv_bytes: 1, recv_bytes_total: 10, trans_errs_total: 2 } },
    [
      'node_network_receive_bytes_total{device="eth0"} 10',
      'node_network_transmit_errs_total{device="eth0"} 2',
    ],
  ],
  [
    'pressure',
    { cpu: { some: { total: 2_000_000 }, full: { total: 1 } }, io: { full: { total: 500 } } },
    ['node_pressure_cpu_waiting_seconds_total 2', 'node_pressure_io_stalled_seconds_total 0.0005'],
  ],
  [
    'temperature',
    { hwmon: { coretemp: { core_0: { temp: 50, critical: 100 } } }, thermal: { x86: 40 } },
    [
      'node_hwmon_temp_celsius{chip="coretemp",sensor="core_0"} 50',
      'node_hwmon_temp_crit_celsius{chip="coretemp",sensor="core_0"} 100',
      'node_thermal_zone_temp{type="x86"} 40',
    ],
  ],
  ['processes', { total: 5, running: 1 }, ['node_processes_pids 5', 'node_processes_state{state="R"} 1']],
])('translates %s into the names of node_exporter', (name, tree, expected) => {
  expect(translated(name, tree)).toEqual(expected);
});

it('tells the seconds of each processor', () => {
  const families = new Families(1000);
  processorTimes('cpu  10 0 0 0\ncpu0 150 2 3 4 5 6 7 8 9 10\ncpu1 1 0 0 0\nintr 5\n', 100, families);
  const { text } = exposition(families, '');
  expect(text).toContain('node_cpu_seconds_total{cpu="0",mode="user"} 1.5\n');
  expect(text).toContain('node_cpu_seconds_total{cpu="0",mode="steal"} 0.08\n');
  expect(text).toContain('node_cpu_seconds_total{cpu="1",mode="user"} 0.01\n');
});
