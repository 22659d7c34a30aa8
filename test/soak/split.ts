import { pause } from '../bench/agent.ts';
import { Cluster } from '../scenarios/cluster/cluster.ts';
import { Lan } from '../scenarios/cluster/namespaces.ts';
import type { Soak } from './result.ts';

const still = 4;
const sides = [
  [0, 1],
  [2, 3, 4],
] as const;

/**
 * Five agents on hosts of their own. One stands still for 30 s and goes on; then two of them hear nothing of the other three for a minute, and
 * all hear each other again (a tenth: only as long as it takes to notice). Who is gone is held dead, nobody else is, and all of it mends by itself.
 */
export const soak: Soak = async ({ share, seed, say }) => {
  const cluster = new Cluster(new Lan(5));
  const found: string[] = [];
  try {
    await cluster.startAll();
    say('five agents in network namespaces on one bridge');
    const backMs = await standStill(cluster, 30_000 * (share < 1 ? 0 : 1), found);
    say(`  who stood still is alive for all after ${backMs} ms`);
    const healMs = await split(cluster, 60_000 * (share < 1 ? 0 : 1), found);
    say(`  all are alive for all ${healMs} ms after the split`);
    return { soak: 'split', rounds: 2, seed, pass: found.length === 0, found, figures: { backMs, healMs } };
  } finally {
    await cluster.dispose();
  }
};

/** For at least so long, and until all others hold it dead. How long it takes to mend. */
async function standStill(cluster: Cluster, forMs: number, found: string[]): Promise<number> {
  const others = cluster.lan.hosts.filter((host) => host !== still);
  cluster.agent(still).child.kill('SIGSTOP');
  await Promise.all([pause(forMs), ...others.map((by) => cluster.believes(by, still, 'dead'))]);
  const began = performance.now();
  cluster.agent(still).child.kill('SIGCONT');
  await cluster.allAlive();
  found.push(...(await cluster.deaths(still)));
  return Math.round(performance.now() - began);
}

/** For at least so long, and until each side holds the other dead. How long it takes to mend. */
async function split(cluster: Cluster, forMs: number, found: string[]): Promise<number> {
  const sinceMs = Date.now();
  const across = sides[0].flatMap((one) => sides[1].map((other) => [one, other] as const));
  const both = across.flatMap(([one, other]) => [[one, other] as const, [other, one] as const]);
  for (const [from, to] of both) cluster.lan.dropOneWay(from, to);
  await Promise.all([pause(forMs), ...both.map(([by, host]) => cluster.believes(by, host, 'dead'))]);
  // Judged before they meet: what the far side still says of them then, they hear and take back.
  for (const side of sides) found.push(...(await cluster.deathsAmong(side, sinceMs)));
  for (const [from, to] of both) cluster.lan.mend(from, to);
  const began = performance.now();
  await cluster.allAlive();
  return Math.round(performance.now() - began);
}
