import type { Json, JsonObject } from 'opsbro/sdk';
import type { Families, FamilyType } from './families.ts';

/** What a collector's tree is under the names of node_exporter. */
export type Translate = (tree: JsonObject, families: Families) => void;

const kib = 1024;
const mib = 1024 * 1024;
const sectorBytes = 512;

/** `[name, type, help, factor]` of a figure. */
type Named = readonly [name: string, type: FamilyType, help: string, factor?: number];

const meminfo =
  'MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive Active_anon Inactive_anon Active_file Inactive_file Unevictable Mlocked SwapTotal SwapFree Zswap Zswapped Dirty Writeback AnonPages Mapped Shmem KReclaimable Slab SReclaimable SUnreclaim KernelStack PageTables SecPageTables NFS_Unstable Bounce WritebackTmp CommitLimit Committed_AS VmallocTotal VmallocUsed VmallocChunk Percpu HardwareCorrupted AnonHugePages ShmemHugePages ShmemPmdMapped FileHugePages FilePmdMapped CmaTotal CmaFree HugePages_Total HugePages_Free HugePages_Rsvd HugePages_Surp Hugepagesize Hugetlb DirectMap4k DirectMap2M DirectMap1G'.split(
    ' ',
  );
const meminfoByKey = new Map(meminfo.map((name) => [plainKey(name), name]));

const disk: { [key: string]: Named } = {
  reads: ['reads_completed_total', 'counter', 'The total number of reads completed successfully.'],
  reads_merged: ['reads_merged_total', 'counter', 'The total number of reads merged.'],
  read_sectors: ['read_bytes_total', 'counter', 'The total number of bytes read successfully.', sectorBytes],
  read_ms: ['read_time_seconds_total', 'counter', 'The total number of seconds spent by all reads.', 1e-3],
  writes: ['writes_completed_total', 'counter', 'The total number of writes completed successfully.'],
  writes_merged: ['writes_merged_total', 'counter', 'The number of writes merged.'],
  write_sectors: [
    'written_bytes_total',
    'counter',
    'The total number of bytes written successfully.',
    sectorBytes,
  ],
  write_ms: ['write_time_seconds_total', 'counter', 'The total number of seconds spent by all writes.', 1e-3],
  in_progress: ['io_now', 'gauge', 'The number of I/Os currently in progress.'],
  busy_ms: ['io_time_seconds_total', 'counter', 'Total seconds spent doing I/Os.', 1e-3],
  queue_ms: [
    'io_time_weighted_seconds_total',
    'counter',
    'The weighted number of seconds spent doing I/Os.',
    1e-3,
  ],
  discards: ['discards_completed_total', 'counter', 'The total number of discards completed successfully.'],
  discards_merged: ['discards_merged_total', 'counter', 'The total number of discards merged.'],
  discard_sectors: [
    'discarded_sectors_total',
    'counter',
    'The total number of sectors discarded successfully.',
  ],
  discard_ms: [
    'discard_time_seconds_total',
    'counter',
    'The total number of seconds spent by all discards.',
    1e-3,
  ],
  flushes: ['flush_requests_total', 'counter', 'The total number of flush requests completed successfully.'],
  flush_ms: [
    'flush_requests_time_seconds_total',
    'counter',
    'The total number of seconds spent by all flush requests.',
    1e-3,
  ],
};

const kernel: { [key: string]: Named } = {
  ctxt: ['node_context_switches_total', 'counter', 'Total number of context switches.'],
  processes: ['node_forks_total', 'counter', 'Total number of forks.'],
  intr: ['node_intr_total', 'counter', 'Total number of interrupts serviced.'],
  btime: ['node_boot_time_seconds', 'gauge', 'Node boot time, in unixtime.'],
  procs_running: ['node_procs_running', 'gauge', 'Number of processes in runnable state.'],
  procs_blocked: ['node_procs_blocked', 'gauge', 'Number of processes blocked waiting for I/O to complete.'],
};

const processStates: { [key: string]: string } = {
  ...{ running: 'R', sleeping: 'S', blocked: 'D', idle: 'I', stopped: 'T', zombie: 'Z' },
};

/** The collectors that node_exporter has names for. */
export const translations: ReadonlyMap<string, Translate> = new Map<string, Translate>([
  ['memory', memory],
  ['diskusage', fileSystems],
  ['iostats', disks],
  ['networktraffic', network],
  ['kernelstats', kernelCounters],
  ['loadaverage', load],
  ['pressure', pressure],
  ['temperature', temperatures],
  ['processes', processes],
]);

function memory(tree: JsonObject, families: Families): void {
  for (const [key, value] of Object.entries(tree)) {
    const name = meminfoByKey.get(plainKey(key));
    if (name === undefined || typeof value !== 'number') continue;
    const isPages = /^HugePages_/.test(name);
    const full = `node_memory_${name}${isPages ? '' : '_bytes'}`;
    families.add(
      full,
      'gauge',
      `Memory information field ${name}${isPages ? '' : '_bytes'}.`,
      isPages ? value : value * kib,
    );
  }
}

/** A key of /proc/meminfo is spelt with parentheses there, and with what not elsewhere. */
function plainKey(key: string): string {
  return key.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

function fileSystems(tree: JsonObject, families: Families): void {
  for (const [mountpoint, at] of branches(tree)) {
    const labels = { device: text(at.device), fstype: text(at.type), mountpoint };
    const add = (name: string, help: string, value: number | undefined) =>
      families.add(`node_filesystem_${name}`, 'gauge', help, value, labels);
    const inodes = isTree(at.inodes) ? at.inodes : {};
    add('size_bytes', 'Filesystem size in bytes.', scaled(at.total, mib));
    add('avail_bytes', 'Filesystem space available to non-root users in bytes.', scaled(at.free, mib));
    add('free_bytes', 'Filesystem free space in bytes.', scaled(difference(at.total, at.used), mib));
    add('files', 'Filesystem total file nodes.', scaled(inodes.total, 1));
    add('files_free', 'Filesystem total free file nodes.', scaled(inodes.free, 1));
    if (typeof at.read_only === 'boolean')
      add('readonly', 'Filesystem read-only status.', at.read_only ? 1 : 0);
  }
}

function disks(tree: JsonObject, families: Families): void {
  for (const [device, at] of branches(tree)) {
    const counters = isTree(at.counters) ? at.counters : {};
    for (const [key, [name, type, help, factor = 1]] of Object.entries(disk))
      families.add(`node_disk_${name}`, type, help, scaled(counters[key] ?? at[key], factor), { device });
  }
}

function network(tree: JsonObject, families: Families): void {
  for (const [device, at] of branches(tree)) {
    for (const [key, value] of Object.entries(at)) {
      const [, way, what] = /^(recv|trans)_(\w+)_total$/.exec(key) ?? [];
      if (way === undefined) continue;
      const name = `node_network_${way === 'recv' ? 'receive' : 'transmit'}_${what}_total`;
      families.add(
        name,
        'counter',
        `Network device statistic ${way === 'recv' ? 'receive' : 'transmit'}_${what}.`,
        value,
        { device },
      );
    }
  }
}

function kernelCounters(tree: JsonObject, families: Families): void {
  for (const [key, value] of Object.entries(tree)) {
    const known = Object.hasOwn(kernel, key) ? kernel[key] : undefined;
    if (known !== undefined) families.add(known[0], known[1], known[2], value);
    else if (/^(?:oom_kill|pgpg\w+|pswp\w+|pg\w*fault)$/.test(key))
      families.add(`node_vmstat_${key}`, 'unknown', `/proc/vmstat information field ${key}.`, value);
  }
}

function load(tree: JsonObject, families: Families): void {
  for (const minutes of ['1', '5', '15'])
    families.add(`node_load${minutes}`, 'gauge', `${minutes}m load average.`, tree[`load${minutes}`]);
}

function pressure(tree: JsonObject, families: Families): void {
  for (const [what, at] of branches(tree)) {
    if (!['cpu', 'memory', 'io'].includes(what)) continue;
    for (const [key, word] of [
      ['some', 'waiting'],
      ['full', 'stalled'],
    ] as const) {
      const share = at[key];
      // Of the processors only the waiting is told, as there.
      if (!isTree(share) || (what === 'cpu' && key === 'full')) continue;
      const help = `Total time in seconds that processes have ${key === 'some' ? 'waited' : 'been stalled'} for ${what}.`;
      families.add(`node_pressure_${what}_${word}_seconds_total`, 'counter', help, scaled(share.total, 1e-6));
    }
  }
}

function temperatures(tree: JsonObject, families: Families): void {
  for (const [chip, sensors] of branches(isTree(tree.hwmon) ? tree.hwmon : {}))
    for (const [sensor, at] of branches(sensors)) {
      const add = (name: string, help: string, value: Json | undefined) =>
        families.add(`node_hwmon_temp${name}_celsius`, 'gauge', help, value, { chip, sensor });
      add('', 'Hardware monitor for temperature (input).', at.temp);
      add('_max', 'Hardware monitor for temperature (max).', at.high);
      add('_crit', 'Hardware monitor for temperature (crit).', at.critical);
    }
  const zones = isTree(tree.thermal) ? tree.thermal : {};
  for (const [type, value] of Object.entries(zones))
    families.add('node_thermal_zone_temp', 'gauge', 'Zone temperature in Celsius.', value, { type });
}

function processes(tree: JsonObject, families: Families): void {
  families.add('node_processes_pids', 'gauge', 'Number of PIDs.', tree.total);
  families.add('node_processes_threads', 'gauge', 'Allocated threads in system.', tree.threads);
  for (const [key, state] of Object.entries(processStates))
    families.add('node_processes_state', 'gauge', 'Number of processes in each state.', tree[key], { state });
}

/** Seconds of each processor by mode, of the text of `/proc/stat`, whose first line sums them up. */
export function processorTimes(stat: string, ticksPerSecond: number, families: Families): void {
  const modes = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'];
  for (const [, cpu = '', numbers = ''] of stat.matchAll(/^cpu(\d+) (.*)$/gm)) {
    const ticks = numbers.trim().split(/\s+/).map(Number);
    modes.forEach((mode, place) => {
      const help = 'Seconds the CPUs spent in each mode.';
      families.add('node_cpu_seconds_total', 'counter', help, scaled(ticks[place], 1 / ticksPerSecond), {
        cpu,
        mode,
      });
    });
  }
}

function branches(tree: JsonObject): [string, JsonObject][] {
  return Object.entries(tree).filter((entry): entry is [string, JsonObject] => isTree(entry[1]));
}

/** True for a mapping. */
export function isTree(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Rounded to what a counter of whole units can mean, so that no digits appear that nobody measured. */
function scaled(value: Json | undefined, factor: number): number | undefined {
  if (typeof value !== 'number') return undefined;
  return factor < 1 ? Math.round(value * factor * 1e9) / 1e9 : value * factor;
}

function difference(one: Json | undefined, other: Json | undefined): number | undefined {
  return typeof one === 'number' && typeof other === 'number' ? one - other : undefined;
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
