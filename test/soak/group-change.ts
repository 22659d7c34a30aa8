import { readdirSync, readFileSync } from 'node:fs';
import { quantile } from '../bench/result.ts';
import { Cluster } from '../scenarios/cluster/cluster.ts';
import { Lan } from '../scenarios/cluster/namespaces.ts';
import { pick, randomFrom, type Soak } from './result.ts';
import { Stalls } from './stalls.ts';

const reachMs = 2000;
/** That a change took too long while the machine stood still for as long tells nothing of agents. */
const stallMs = 250;
/** Nor one during which the threads of the agents together waited for a processor for longer: on a machine of their own they hardly do. */
const waitMs = 500;
/** Such changes are made anew, at most so many for each that counts. */
const mostAnew = 2;

/**
 * A hundred changes of a group in the file of one of three agents: the other two show each within 2 s at the 99th percentile. One that
 * takes longer while the machine stands still, or is busy with others, is made anew.
 */
export const soak: Soak = async ({ share, seed, say }) => {
  const random = randomFrom(seed);
  const rounds = Math.max(10, Math.round(100 * share));
  const cluster = new Cluster(new Lan(3));
  const stalls = new Stalls({ limitMs: stallMs });
  const tookMs: number[] = [];
  let anew = 0;
  let mostWaitMs = 0;
  try {
    await cluster.startAll();
    say(
      'three agents in network namespaces on one bridge; from the write of the file to the answer of the last',
    );
    while (tookMs.length < rounds && anew <= rounds * mostAnew) {
      const beganMs = Date.now();
      const waitedBefore = waited(cluster);
      // A machine that stands still for minutes lets the wait for it end too.
      const took = await change(
        cluster,
        pick(cluster.lan.hosts, random),
        `round-${tookMs.length}-${anew}`,
      ).catch((error: unknown) => {
        if (stalls.within(beganMs)) return Number.POSITIVE_INFINITY;
        throw error;
      });
      const waits = waited(cluster) - waitedBefore;
      mostWaitMs = Math.max(mostWaitMs, waits);
      if (took > reachMs && (stalls.within(beganMs) || waits > waitMs)) {
        anew += 1;
        continue;
      }
      tookMs.push(took);
      if (tookMs.length % 10 === 0)
        say(
          `  ${tookMs.length} changes, the slowest took ${Math.round(Math.max(...tookMs))} ms, ${anew} anew`,
        );
    }
  } finally {
    stalls.close();
    await cluster.dispose();
  }
  const [p50Ms = 0, p99Ms = 0, maxMs = 0] = [0.5, 0.99, 1].map((q) => Math.round(quantile(tookMs, q)));
  const found: string[] = [];
  if (p99Ms > reachMs) found.push(`p99 is ${p99Ms} ms, not ${reachMs}`);
  if (tookMs.length < rounds)
    found.push(`${tookMs.length} of ${rounds} changes could be judged: the machine was busy for ${anew}`);
  const stalled = { anew, stalledMs: stalls.totalMs, mostWaitMs: Math.round(mostWaitMs) };
  const figures = { changes: tookMs.length, p50Ms, p99Ms, maxMs, ...stalled };
  return { soak: 'group-change', rounds, seed, pass: found.length === 0, found, figures };
};

/** Changes the groups of a host. How long it took until both others show it, ms. */
async function change(cluster: Cluster, host: number, group: string): Promise<number> {
  const began = performance.now();
  cluster.agent(host).write('agent.yml', `groups: [${group}]\n`);
  const isShown = ({ groups }: { groups: string[] }): boolean => groups.includes(group);
  await Promise.all(
    cluster.lan.hosts.filter((by) => by !== host).map((by) => cluster.sees(by, host, group, isShown)),
  );
  return performance.now() - began;
}

/** How long the threads of all agents were ready to run and had no processor, ms, since they began. */
function waited(cluster: Cluster): number {
  return cluster.lan.hosts.reduce((sum, host) => sum + waitedOf(cluster.agent(host).child.pid ?? 0), 0);
}

/** The same of one process, by the second figure of `schedstat` (ns) of each of its threads. */
function waitedOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => {
    try {
      return sum + Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
    } catch {
      // A thread that has just ended.
      return sum;
    }
  }, 0);
}
