import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { processCpuMs } from '../proc-tree.ts';
import { median } from '../result.ts';
import type { MemberProcess, StartMember } from './member-process.ts';
import { Views } from './views.ts';

/** What a round is to do. */
export interface RoundPlan {
  members: number;
  /** Stopped together, and killed together. */
  victims: number;
  /** How often some are stopped, each time others: when somebody probes one of them first is a matter of luck. */
  stops: number;
  /** From the return of those who were stopped to the next stop. */
  restMs: number;
  port: number;
  /** The second byte of all addresses: 127.N.0.0/16. */
  net: number;
  /** From the end of the convergence to the beginning of the measured time. */
  settleMs: number;
  steadyMs: number;
}

/** What one cluster came to, from its start to its end. Times are medians over all victims. */
export interface RoundFigures {
  /** From the moment when all listened until all knew all. */
  convergedMs: number;
  /** Of a member, in the measured time: a second of processor for each second, in percent, and bytes on the loopback each second. */
  cpuPercent: number;
  bytesPerSecond: number;
  /** From SIGSTOP until the first, and until all others, held a member dead. */
  stopFirstMs: number;
  stopAllMs: number;
  /** The same from SIGKILL. */
  killFirstMs: number;
  killAllMs: number;
}

/** Of each victim, the time until the first, and until all others, held it dead. */
interface Detections {
  firstMs: number[];
  allMs: number[];
}

const limitMs = 120_000;
/** A serf that lost a join hears of it by full exchanges, each a minute apart and with one other: once not all knew all after 120 s. */
const joinLimitMs = 400_000;
const startAtOnce = 8;

interface Cluster {
  members: Map<string, MemberProcess>;
  names: string[];
  views: Views;
}

/** Runs one cluster from its start to its end; then none of its processes is left. */
export async function runRound(start: StartMember, plan: RoundPlan): Promise<RoundFigures> {
  const cluster: Cluster = { members: new Map(), names: [], views: new Views() };
  const end = (): void => {
    for (const { child } of cluster.members.values()) child.kill('SIGKILL');
  };
  process.once('exit', end);
  try {
    await startAll(start, plan, cluster);
    const convergedMs = await joinAll(plan, cluster);
    await new Promise((resolve) => setTimeout(resolve, plan.settleMs));
    const steady = await measureSteady(plan.steadyMs, cluster);
    const stop = await stopSome(plan, cluster);
    const kill = await detect('SIGKILL', cluster.names.slice(-plan.victims), cluster);
    return {
      ...{ convergedMs, ...steady, stopFirstMs: median(stop.firstMs), stopAllMs: median(stop.allMs) },
      ...{ killFirstMs: median(kill.firstMs), killAllMs: median(kill.allMs) },
    };
  } finally {
    process.off('exit', end);
    const ends = [...cluster.members.values()]
      .filter(({ child }) => child.exitCode === null && child.signalCode === null)
      .map(({ child }) => once(child, 'exit'));
    end();
    await Promise.all(ends);
  }
}

/** Resolves once every member listens. */
async function startAll(
  start: StartMember,
  { members, net, port }: RoundPlan,
  cluster: Cluster,
): Promise<void> {
  const key = randomBytes(32).toString('base64');
  const waiting: Promise<void>[] = [];
  for (let index = 0; index < members; index += 1) {
    const name = `host-${String(index).padStart(3, '0')}.lan`;
    const member = start(name, addressOf(net, index), { port, key }, (of, seen) =>
      cluster.views.note(name, of, seen),
    );
    cluster.names.push(name);
    cluster.members.set(name, member);
    waiting.push(member.listening);
    member.listening.catch(() => undefined);
    if (index >= startAtOnce) await waiting[index - startAtOnce];
  }
  await Promise.all(waiting);
}

/** Everybody joins the first at one moment. How long it takes until all know all. */
async function joinAll({ net }: RoundPlan, { names, members, views }: Cluster): Promise<number> {
  const startMs = performance.now();
  for (const name of names.slice(1)) members.get(name)?.join(addressOf(net, 0));
  await views.until('alive', names, names, joinLimitMs);
  return performance.now() - startMs;
}

async function measureSteady(
  forMs: number,
  { members }: Cluster,
): Promise<Pick<RoundFigures, 'cpuPercent' | 'bytesPerSecond'>> {
  const pids = [...members.values()].map(({ child }) => child.pid ?? 0);
  const read = (): { cpuMs: number; bytes: number; atMs: number } => ({
    cpuMs: pids.reduce((sum, pid) => sum + processCpuMs(pid), 0),
    bytes: loopbackBytes(),
    atMs: performance.now(),
  });
  const before = read();
  await new Promise((resolve) => setTimeout(resolve, forMs));
  const after = read();
  const seconds = (after.atMs - before.atMs) / 1000;
  return {
    cpuPercent: (after.cpuMs - before.cpuMs) / 10 / seconds / pids.length,
    bytesPerSecond: (after.bytes - before.bytes) / seconds / pids.length,
  };
}

/** Stops some, and lets them run again once all others hold them dead; then others, as often as it is wanted. */
async function stopSome({ stops, victims, restMs }: RoundPlan, cluster: Cluster): Promise<Detections> {
  const { names, members, views } = cluster;
  const found: Detections = { firstMs: [], allMs: [] };
  for (let turn = 0; turn < stops; turn += 1) {
    if (turn > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
    const stopped = names.slice(1 + turn * victims, 1 + (turn + 1) * victims);
    const { firstMs, allMs } = await detect('SIGSTOP', stopped, cluster);
    found.firstMs.push(...firstMs);
    found.allMs.push(...allMs);
    for (const name of stopped) members.get(name)?.child.kill('SIGCONT');
    await views.until('alive', names, names, limitMs);
  }
  return found;
}

/** How long it takes until those who are left hold each victim dead. */
async function detect(
  signal: NodeJS.Signals,
  victims: readonly string[],
  { members, names, views }: Cluster,
): Promise<Detections> {
  const others = names.filter((name) => !victims.includes(name));
  const startMs = performance.now();
  for (const name of victims) members.get(name)?.child.kill(signal);
  await views.until('dead', victims, others, limitMs);
  const times = victims.map((victim) => views.times(victim, others));
  return {
    firstMs: times.map((those) => Math.min(...those) - startMs),
    allMs: times.map((those) => Math.max(...those) - startMs),
  };
}

function addressOf(net: number, index: number): string {
  return `127.${net}.0.${index + 1}`;
}

/** Bytes sent on the loopback of this network namespace since it is. */
function loopbackBytes(): number {
  const [, fields = ''] = /^\s*lo:\s*(.*)$/m.exec(readFileSync('/proc/self/net/dev', 'utf8')) ?? [];
  return Number(fields.split(/\s+/)[8]);
}
