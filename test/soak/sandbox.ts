import fc from 'fast-check';
import type { JobResult } from '../../threads/protocol.ts';
import { Arena } from '../sandbox/attacks/arena.ts';
import { type Attack, readAttacks, tables } from '../sandbox/attacks/attack.ts';
import { composedAttacks } from '../sandbox/attacks/compose.ts';
import type { Soak } from './result.ts';

const fuzzMs = 600_000;
const beatMs = 10;
const lagReachMs = 100;
const reloads = 1000;
const terminations = 1000;
/** One in so many is taken down by the watchdog, which takes a third of a second; the others end with their plugin. */
const killsAmong = 20;
const crowd = 12;
const growthReach = 1.1;
const typed = /^OPSBRO_[A-Z]+_[A-Z_]+$/;

/**
 * The sandbox against strangers: every attack of the tables while the lag of this loop is measured, composed attacks for ten minutes, and a
 * thousand reloads of one plugin, plugins that all burn a processor at once, and a thousand threads that end. After each attack the neighbours in both shared threads must answer as ever.
 */
export const soak: Soak = async ({ share, seed, say }) => {
  const found: string[] = [];
  const arena = new Arena();
  const lag = watchLag();
  const figures = {
    attacks: 0,
    composed: 0,
    typedFailures: 0,
    lagMs: 0,
    reloads: 0,
    rssBeforeMiB: 0,
    rssAfterMiB: 0,
    crowdLagMs: 0,
    terminations: 0,
    rssFewEndsMiB: 0,
    rssManyEndsMiB: 0,
  };
  try {
    const attacks = tables.flatMap((table) => readAttacks(table));
    await arena.open();
    for (const attack of attacks) {
      const { result, lagMs } = await measured(arena, lag, attack);
      // What is late once may be the machine's; what is late twice is the attack's.
      const heldMs = lagMs > lagReachMs ? Math.min(lagMs, (await measured(arena, lag, attack)).lagMs) : 0;
      if (heldMs > lagReachMs) found.push(`the main loop was held for ${heldMs} ms by: ${attack.name}`);
      figures.lagMs = Math.max(figures.lagMs, lagMs);
      figures.attacks += 1;
      await judge(arena, attack.name, result, found, figures);
    }
    say(`  ${figures.attacks} attacks, the main loop at most ${figures.lagMs} ms late`);
    const until = performance.now() + fuzzMs * share;
    const programs = fc.sample(composedAttacks(), { seed, numRuns: 20_000 });
    for (const attack of programs) {
      if (performance.now() > until || found.length >= 10) break;
      await judge(arena, attack.body, await arena.attack(attack), found, figures);
      figures.composed += 1;
      if (figures.composed % 200 === 0)
        say(`  ${figures.composed} composed, ${figures.typedFailures} typed failures`);
    }
    figures.crowdLagMs = await burnAtOnce(arena, lag, found);
    await reload(arena, Math.round(reloads * share), figures, found);
    await terminate(arena, Math.round(terminations * share), figures, found);
    say(
      `  ${figures.terminations} threads ended, RSS ${figures.rssFewEndsMiB} MiB then ${figures.rssManyEndsMiB} MiB`,
    );
  } catch (error) {
    found.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    lag.stop();
    await arena.close();
  }
  return {
    soak: 'sandbox',
    rounds: figures.attacks + figures.composed,
    seed,
    pass: found.length === 0,
    found,
    figures,
  };
};

async function measured(
  arena: Arena,
  lag: ReturnType<typeof watchLag>,
  attack: Attack,
): Promise<{ result: JobResult; lagMs: number }> {
  lag.reset();
  const result = await arena.attack(attack);
  return { result, lagMs: lag.worst() };
}

async function judge(
  arena: Arena,
  what: string,
  result: JobResult,
  found: string[],
  figures: { typedFailures: number },
): Promise<void> {
  if (result.status === 'failed') {
    figures.typedFailures += 1;
    if (!typed.test(result.error.code))
      found.push(`${result.error.code} is no code of the catalogue, after: ${what}`);
  }
  const answers = await arena.neighbours();
  const isWell = answers.every(
    (one) => typeof one === 'object' && one.sum === '2,4,6' && one.json === '{"a":1}',
  );
  if (!isWell) found.push(`a neighbour answered ${JSON.stringify(answers)} after: ${what}`);
}

/** New code each time: the old instance must be gone with its memory. */
async function reload(
  arena: Arena,
  rounds: number,
  figures: { reloads: number; rssBeforeMiB: number; rssAfterMiB: number },
  found: string[],
): Promise<void> {
  const warm = Math.min(50, Math.ceil(rounds / 4));
  for (let round = 0; round < rounds + warm; round += 1) {
    if (round === warm) figures.rssBeforeMiB = rssMiB();
    const value = await arena.version(round);
    if (value !== round) found.push(`version ${round} answered ${JSON.stringify(value)}`);
    if (found.length >= 10) return;
  }
  figures.reloads = rounds;
  figures.rssAfterMiB = rssMiB();
  if (figures.rssAfterMiB > figures.rssBeforeMiB * growthReach)
    found.push(`RSS grew from ${figures.rssBeforeMiB} to ${figures.rssAfterMiB} MiB over ${rounds} reloads`);
}

/** Many that hold a processor at the same time, as often as what is late must be late to be theirs. */
async function burnAtOnce(arena: Arena, lag: ReturnType<typeof watchLag>, found: string[]): Promise<number> {
  const body = "await ctx.stat('/etc/hostname').catch(() => 0); for (;;);";
  const limits = (index: number): Attack['limits'] =>
    index % 2 === 0 ? { cpu: '100ms' } : { cpu: '100ms', cpu_per_minute: '20s' };
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3 && least > lagReachMs; round += 1) {
    lag.reset();
    const burns = Array.from({ length: crowd }, (_, index) =>
      arena.attack({ name: `burns ${index}`, body, limits: limits(index), timeoutMs: 60_000 }),
    );
    const well = await arena.neighbours();
    for (const result of await Promise.all(burns))
      if (result.status !== 'failed') found.push(`one of ${crowd} that burn ended as ${result.status}`);
    if (!well.every((one) => typeof one === 'object'))
      found.push(`a neighbour answered ${JSON.stringify(well)} while ${crowd} plugins burned`);
    least = Math.min(least, lag.worst());
  }
  if (least > lagReachMs)
    found.push(`the main loop was held for ${least} ms by ${crowd} plugins that burn at once`);
  return least;
}

/** Threads that end, most with the plugin that ran apart in them, some by the watchdog; each must be gone with its memory. */
async function terminate(
  arena: Arena,
  rounds: number,
  figures: { terminations: number; rssFewEndsMiB: number; rssManyEndsMiB: number },
  found: string[],
): Promise<void> {
  const limits = { cpu: '20ms', cpu_per_minute: '20s' };
  const endless = 'let a = []; a.length = 4294967295; [a].flat(); [...a.keys()].flat(); return { a: 1 };';
  const warm = Math.min(20, Math.ceil(rounds / 5));
  for (let round = 0; round < rounds + warm; round += 1) {
    if (round === warm) figures.rssFewEndsMiB = rssMiB();
    const isKill = round % killsAmong === 0;
    const result = await arena.attack({ name: 'ends', body: isKill ? endless : 'return { a: 1 };', limits });
    if (!isKill && result.status !== 'done')
      found.push(`a thread that was to end well: ${JSON.stringify(result)}`);
    if (found.length >= 10) return;
  }
  figures.terminations = rounds;
  figures.rssManyEndsMiB = rssMiB();
  if (figures.rssManyEndsMiB > figures.rssFewEndsMiB * growthReach)
    found.push(
      `RSS grew from ${figures.rssFewEndsMiB} to ${figures.rssManyEndsMiB} MiB over ${rounds} threads`,
    );
}

function rssMiB(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}

/** How late a beat of this loop came at most, ms. */
function watchLag(): { reset(): void; worst(): number; stop(): void } {
  let worst = 0;
  let last = performance.now();
  const beat = (): void => {
    const now = performance.now();
    worst = Math.max(worst, Math.round(now - last - beatMs));
    last = now;
  };
  const timer = setInterval(beat, beatMs);
  return {
    reset: () => {
      worst = 0;
    },
    worst: () => worst,
    stop: () => clearInterval(timer),
  };
}
