import type { AgentView } from '../../control/shapes.ts';
import { pause } from '../bench/agent.ts';
import { Cluster } from '../scenarios/cluster/cluster.ts';
import { Lan } from '../scenarios/cluster/namespaces.ts';
import { randomFrom, type Soak } from './result.ts';

/**
 * Twenty agents on hosts of their own for ten minutes, of which one stands still for a random time of up to 8 s, again and again (a tenth: eight
 * agents, 40 s). None of the others is ever held dead by anybody; how the slow one fares is told, not judged.
 */
export const soak: Soak = async ({ share, seed, say }) => {
  const [size, seconds] = share < 1 ? [8, 40] : [20, 600];
  const slow = size - 1;
  const cluster = new Cluster(new Lan(size));
  try {
    await cluster.startAll();
    say(`${size} agents in network namespaces on one bridge see each other; host ${slow} is slow`);
    const stops = await slowDown(cluster, slow, seconds, randomFrom(seed), say);
    const found = await cluster.deaths(slow);
    // It comes back by itself, whatever the others held it for.
    await cluster.allAlive();
    const figures = { agents: size, stops, healthyDeaths: found.length, ...(await tell(cluster, slow)) };
    return { soak: 'cluster', rounds: seconds, seed, pass: found.length === 0, found, figures };
  } finally {
    await cluster.dispose();
  }
};

/** Stops and continues one agent in turn. How often it was stopped. */
async function slowDown(
  cluster: Cluster,
  host: number,
  seconds: number,
  random: () => number,
  say: (text: string) => void,
): Promise<number> {
  const { child } = cluster.agent(host);
  const began = performance.now();
  const elapsed = (): number => Math.round((performance.now() - began) / 1000);
  let stops = 0;
  let told = 0;
  while (elapsed() < seconds) {
    child.kill('SIGSTOP');
    stops += 1;
    await pause(200 + random() * 7800);
    child.kill('SIGCONT');
    await pause(50 + random() * 3000);
    if (elapsed() - told < 60) continue;
    told = elapsed();
    say(`  ${told} s, ${stops} stops, ${(await cluster.deaths(host)).length} deaths of healthy nodes`);
  }
  return stops;
}

/** How it went beside that: suspicions that were refuted, and what the machine did to the healthy ones. */
async function tell(cluster: Cluster, slow: number): Promise<{ [name: string]: number }> {
  let suspicions = 0;
  let slowDeaths = 0;
  let loopDelayMs = 0;
  for (const by of cluster.lan.hosts) {
    for (const { node, state } of await cluster.changes(by)) {
      suspicions += Number(state === 'suspect' && node !== cluster.uuid(slow));
      slowDeaths += Number(state === 'dead' && node === cluster.uuid(slow));
    }
    if (by === slow) continue;
    const view = await cluster.agent(by).get<AgentView>('/api/v1/agent');
    loopDelayMs = Math.max(loopDelayMs, view.loop_delay_ms.p99);
  }
  return { suspicions, slowDeaths, loopDelayMs };
}
