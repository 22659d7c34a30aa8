import { pause } from '../bench/agent.ts';
import { Cluster } from '../scenarios/cluster/cluster.ts';
import { Lan } from '../scenarios/cluster/namespaces.ts';
import type { Soak } from './result.ts';
import { Stalls } from './stalls.ts';

const cable = { delayMs: 150, rateKbit: 500, lossPercent: 5 };
/** A probe interval: who is not let run for as long gives no answer, whatever the links are like. */
const stallMs = 1000;
/** From a cause to the death that comes of it: the longest suspicion among five, 24 s, and the probe before it. */
const causeMs = 30_000;
/** On a machine that stands still again and again it goes on, at most so many times as long. */
const mostTimes = 4;

/**
 * Five agents on links of 150 ms, 500 kbit/s and 5 % loss for five minutes (a tenth: 30 s), whose groups change all the time: nobody is held
 * dead. Where the machine itself stood still, deaths of the half minute after it are told, not judged, and its seconds do not count.
 */
export const soak: Soak = async ({ share, seed, say }) => {
  const wanted = Math.round(300 * share);
  const cluster = new Cluster(new Lan(5, cable));
  const stalls = new Stalls({ limitMs: stallMs });
  try {
    await cluster.startAll();
    say('5 agents: delay by a relay between TAP devices, one way, rate by tc tbf, loss by nft numgen');
    // Agents that start at once keep each other from the processor; here it is about the links.
    const sinceMs = Date.now();
    let judged = 0;
    let seconds = 0;
    for (; judged < wanted && seconds < wanted * mostTimes; seconds += 1) {
      const host = seconds % cluster.lan.hosts.length;
      cluster.agent(host).write('agent.yml', `groups: [round-${seconds}]\n`);
      await pause(1000);
      judged += Number(!stalls.within(Math.max(sinceMs, Date.now() - causeMs)));
      if (seconds % 60 === 59)
        say(
          `  ${seconds + 1} s, ${judged} judged, ${(await cluster.deaths(undefined, sinceMs)).length} deaths`,
        );
    }
    const deaths = await cluster.deathsAt(undefined, sinceMs);
    await cluster.allAlive();
    const found = deaths.filter(({ atMs }) => !stalls.within(atMs - causeMs, atMs)).map(({ text }) => text);
    const unjudged = deaths.length - found.length;
    if (unjudged > 0 && judged < wanted)
      found.push(
        `${judged} s of ${wanted} could be judged: the machine stood still for ${stalls.totalMs} ms`,
      );
    const histories = await Promise.all(cluster.lan.hosts.map((host) => cluster.changes(host)));
    const suspicions = histories.flat().filter(({ state }) => state === 'suspect').length;
    const deadly = { deaths: deaths.length - unjudged, unjudgedDeaths: unjudged, suspicions };
    const figures = { agents: cluster.lan.hosts.length, judged, stalledMs: stalls.totalMs, ...deadly };
    return { soak: 'slow-links', rounds: seconds, seed, pass: found.length === 0, found, figures };
  } finally {
    stalls.close();
    await cluster.dispose();
  }
};
