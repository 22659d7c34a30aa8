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
  port: number;
  /** The second byte of all addresses: 127.N.0.0/16. */
  net: number;
  /** From the end of the convergence to the beginning of the measured time. */
  settleMs: number;
  steadyMs: number;
}

/** What one cluster came to, from its start to its end. Times are medians over the victims. */
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

const limitMs = 120_000;
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
    const all = cluster.names;
    const stopped = all.slice(1, 1 + plan.victims);
    const stop = await detect('SIGSTOP', stopped, cluster);
    for (const name of stopped) cluster.members.get(name)?.child.kill('SIGCONT');
    await cluster.views.until('alive', all, all, limitMs);
    const kill = await detect('SIGKILL', all.slice(-plan.victims), cluster);
    return {
      ...{ convergedMs, ...steady, stopFirstMs: stop.firstMs, stopAllMs: stop.allMs },
      ...{ killFirstMs: kill.firstMs, killAllMs: kill.allMs },
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
  await views.until('alive', names, names, limitMs);
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

/** How long it takes until those who are left hold each victim dead. */
async function detect(
  signal: NodeJS.Signals,
  victims: readonly string[],
  { members, names, views }: Cluster,
): Promise<{ firstMs: number; allMs: number }> {
  const others = names.filter((name) => !victims.includes(name));
  const startMs = performance.now();
  for (const name of victims) members.get(name)?.child.kill(signal);
  await views.until('dead', victims, others, limitMs);
  const times = victims.map((victim) => views.times(victim, others));
  return {
    firstMs: median(times.map((those) => Math.min(...those))) - startMs,
    allMs: median(times.map((those) => Math.max(...those))) - startMs,
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
