import type { Context, Tree } from 'opsbro/sdk';
import { type Addresses, fullName, localAddress, parseHosts } from './address.ts';
import { parseCpuinfo } from './cpuinfo.ts';
import { readDistribution, versionNumbers } from './distribution.ts';

/** What the process itself knows of its machine. */
export interface Process {
  machine: string;
  hostname: string;
  user: string;
  uid: number;
  gid: number;
  addresses: Addresses;
}

/** Facts of the host out of its files and `self`. */
export async function collectSystem(ctx: Context, self: Process): Promise<Tree> {
  const read = async (path: string) => (await ctx.tryReadText(path))?.trim() ?? '';
  const [hostname, hostsText, kernel, uptime] = await Promise.all([
    readHostname(ctx, self.hostname),
    read('/etc/hosts'),
    read('/proc/sys/kernel/osrelease'),
    read('/proc/uptime'),
  ]);
  const hosts = parseHosts(hostsText);
  const localIp = localAddress(hostname, hosts, self.addresses);
  const tree: Tree = {
    hostname,
    fqdn: fullName(hostname, hosts),
    architecture: self.machine,
    os: { name: 'linux', platform: 'linux', ...(kernel && { kernel }), linux: await linuxTree(ctx) },
    ...(await processorTree(ctx)),
    user: self.user,
    uid: self.uid,
    gid: self.gid,
    local_ip: localIp,
    public_ip: localIp,
    publicip: localIp,
  };
  const seconds = Number.parseFloat(uptime);
  if (Number.isFinite(seconds)) tree.uptime = seconds;
  return tree;
}

async function linuxTree(ctx: Context): Promise<Tree> {
  const found = await readDistribution(ctx);
  if (found === undefined) return {};
  const { id, version, codename, finerVersion = version } = found;
  return { distribution: id, version, id, codename, ...versionNumbers(finerVersion) };
}

async function processorTree(ctx: Context): Promise<Tree> {
  // Hundreds of processors make a long file.
  const text = await ctx.tryReadText('/proc/cpuinfo', { maxBytes: 16 * 1024 * 1024 });
  const { count, model, mhz } = parseCpuinfo(text ?? '');
  const tree: Tree = count === undefined ? {} : { cpu_count: count, cpucount: count };
  tree.cpu_model_name = model ?? '';
  const clock = mhz ?? (await fastestClock(ctx));
  if (clock !== undefined) tree.cpu_mhz = clock;
  return tree;
}

async function fastestClock(ctx: Context): Promise<number | undefined> {
  const kilohertz = await ctx.tryReadText('/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq');
  const mhz = Number.parseInt(kilohertz ?? '', 10) / 1000;
  return Number.isFinite(mhz) ? mhz : undefined;
}

async function readHostname(ctx: Context, fallback: string): Promise<string> {
  // The kernel tells the name of the container that asks, not of the host it watches.
  const isInside = ctx.env('HOST_ROOT') !== undefined;
  const path = isInside ? '/etc/hostname' : '/proc/sys/kernel/hostname';
  return (await ctx.tryReadText(path))?.trim() || fallback;
}
