import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import type { DriverJob } from './gossip-cluster/driver.ts';
import { ownNetwork, runDriver } from './gossip-cluster/namespace.ts';
import type { RoundFigures, RoundPlan } from './gossip-cluster/round.ts';
import {
  atMost,
  atMostRatio,
  type Bench,
  type BenchCheck,
  peerAbsent,
  type Rounds,
  resultOf,
  roundsOf,
  shown,
} from './result.ts';

/** Five rounds of both. */
export const deadlineMinutes = 60;

const cpuReach = 1.3;
const bytesReach = 1.2;
const convergedReach = 1.5;
const stopReach = 1.05;
const killReach = 0.5;

/**
 * Clusters of real processes, each with the whole plugin but no agent around it, beside clusters of Debian's serf of the same size, sealed
 * and with the profile of a local network. One cluster runs at a time, in a network namespace of its own where the host allows it.
 * `members=N` and `rounds=N` as words.
 */
export const bench: Bench = async ({ args, brief, say }) => {
  if (spawnSync('serf', ['version'], { stdio: 'ignore' }).status !== 0)
    return peerAbsent('gossip', '% of a processor', cpuReach, 'serf');
  const word = (name: string, standing: number): number =>
    Number(args.find((one) => one.startsWith(`${name}=`))?.split('=')[1] ?? standing);
  const members = word('members', brief ? 12 : 60);
  const rounds = word('rounds', brief ? 1 : 5);
  const wrapper = ownNetwork();
  const network =
    wrapper.length > 0 ? 'a network namespace each' : "the host's loopback, bytes of others too";
  say(`  ${members} members, ${rounds} rounds, on ${network}`);
  const run = (side: DriverJob['side']): Promise<RoundFigures> =>
    runDriver(wrapper, { side, plan: planOf(members, brief) });
  const ours: RoundFigures[] = [];
  const peer: RoundFigures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    say(`  round ${round + 1}, load ${loadavg()[0]?.toFixed(1)}`);
    const turns = [
      async () => ours.push(await told('ours', run('ours'), say)),
      async () => peer.push(await told('serf', run('serf'), say)),
    ];
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
  }
  return resultOf('gossip', '% of a processor', judge(ours, peer));
};

function judge(ours: readonly RoundFigures[], peer: readonly RoundFigures[]): BenchCheck[] {
  const of = (figure: keyof RoundFigures, unit = 1): Rounds =>
    roundsOf(
      ours.map((round) => round[figure] / unit),
      peer.map((round) => round[figure] / unit),
    );
  const converged = of('convergedMs', 1000);
  return [
    atMostRatio('processor of a member at rest, %', of('cpuPercent'), cpuReach),
    atMostRatio('bytes of a member at rest, each second', of('bytesPerSecond'), bytesReach),
    {
      ...atMost('all know all, s', converged.ours, Math.max(convergedReach, converged.peer)),
      ...{ peer: converged.peer, ratio: converged.ratio },
    },
    atMostRatio('SIGSTOP seen by the first, s', of('stopFirstMs', 1000), stopReach),
    atMostRatio('SIGSTOP seen by all, s', of('stopAllMs', 1000), stopReach),
    atMostRatio('kill -9 seen by the first, s', of('killFirstMs', 1000), killReach),
    atMostRatio('kill -9 seen by all, s', of('killAllMs', 1000), killReach),
  ];
}

/** Ports and addresses at random, so that no other run on this host comes across them. */
function planOf(members: number, brief: boolean): RoundPlan {
  return {
    members,
    // Fewer than a third: nobody is to doubt itself.
    victims: members < 24 ? 2 : 8,
    stops: brief ? 1 : 3,
    restMs: 10_000,
    port: 20_000 + Math.floor(Math.random() * 10_000),
    net: 16 + Math.floor(Math.random() * 200),
    settleMs: brief ? 5000 : 40_000,
    steadyMs: brief ? 10_000 : 40_000,
  };
}

async function told(
  side: string,
  run: Promise<RoundFigures>,
  say: (text: string) => void,
): Promise<RoundFigures> {
  const round = await run;
  const { convergedMs, cpuPercent, bytesPerSecond, stopFirstMs, stopAllMs, killFirstMs, killAllMs } = round;
  const seconds = (ms: number): string => shown(ms / 1000);
  say(
    `    ${side}: together ${seconds(convergedMs)} s, processor ${shown(cpuPercent)} %, ${shown(bytesPerSecond)} B/s, ` +
      `SIGSTOP ${seconds(stopFirstMs)} / ${seconds(stopAllMs)} s, kill -9 ${seconds(killFirstMs)} / ${seconds(killAllMs)} s`,
  );
  return round;
}
