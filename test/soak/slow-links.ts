import { pause } from '../bench/agent.ts';
import { Cluster } from '../scenarios/cluster/cluster.ts';
import { Lan } from '../scenarios/cluster/namespaces.ts';
import type { Soak } from './result.ts';

const cable = { delayMs: 150, rateKbit: 500, lossPercent: 5 };

/** Five agents on links of 150 ms, 500 kbit/s and 5 % loss for five minutes (a tenth: 30 s), whose groups change all the time: nobody is held dead. */
export const soak: Soak = async ({ share, seed, say }) => {
  const seconds = Math.round(300 * share);
  const cluster = new Cluster(new Lan(5, cable));
  try {
    await cluster.startAll();
    say('5 agents: delay by a relay between TAP devices, one way, rate by tc tbf, loss by nft numgen');
    const end = performance.now() + seconds * 1000;
    for (let round = 1; performance.now() < end; round += 1) {
      const host = round % cluster.lan.hosts.length;
      cluster.agent(host).write('agent.yml', `groups: [round-${round}]\n`);
      await pause(1000);
      if (round % 60 === 0) say(`  ${round} s, ${(await cluster.deaths()).length} deaths`);
    }
    const found = await cluster.deaths();
    await cluster.allAlive();
    const histories = await Promise.all(cluster.lan.hosts.map((host) => cluster.changes(host)));
    const suspicions = histories.flat().filter(({ state }) => state === 'suspect').length;
    const figures = { agents: cluster.lan.hosts.length, deaths: found.length, suspicions };
    return { soak: 'slow-links', rounds: seconds, seed, pass: found.length === 0, found, figures };
  } finally {
    await cluster.dispose();
  }
};
