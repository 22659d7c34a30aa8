import { quantile } from '../bench/result.ts';
import { Cluster } from '../scenarios/cluster/cluster.ts';
import { Lan } from '../scenarios/cluster/namespaces.ts';
import { pick, randomFrom, type Soak } from './result.ts';

const reachMs = 2000;

/** A hundred changes of a group in the file of one of three agents: the other two show each within 2 s at the 99th percentile. */
export const soak: Soak = async ({ share, seed, say }) => {
  const random = randomFrom(seed);
  const rounds = Math.max(10, Math.round(100 * share));
  const cluster = new Cluster(new Lan(3));
  const tookMs: number[] = [];
  try {
    await cluster.startAll();
    say(
      'three agents in network namespaces on one bridge; from the write of the file to the answer of the last',
    );
    for (let round = 1; round <= rounds; round += 1) {
      tookMs.push(await change(cluster, pick(cluster.lan.hosts, random), `round-${round}`));
      if (round % 10 === 0) say(`  ${round} changes, the slowest took ${Math.round(Math.max(...tookMs))} ms`);
    }
  } finally {
    await cluster.dispose();
  }
  const [p50Ms = 0, p99Ms = 0, maxMs = 0] = [0.5, 0.99, 1].map((q) => Math.round(quantile(tookMs, q)));
  const found = p99Ms > reachMs ? [`p99 is ${p99Ms} ms, not ${reachMs}`] : [];
  const figures = { changes: tookMs.length, p50Ms, p99Ms, maxMs };
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
