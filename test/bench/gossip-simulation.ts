import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from './agent.ts';
import {
  bytesRate,
  type Cell,
  detectionRatio,
  judgedCells,
  mildCells,
  shareOf,
  wantedPositives,
} from './gossip-simulation/cells.ts';
import { Jobs } from './gossip-simulation/jobs.ts';
import { type Measured, report, splitPart } from './gossip-simulation/report.ts';
import type { ScaleRun, SplitRun } from './gossip-simulation/scale.ts';
import type { Slowness } from './gossip-simulation/slow-members.ts';
import { atMost, type Bench, type BenchCheck, type BenchResult, resultOf, shown } from './result.ts';

/** A machine that does other work too takes long for ten thousand members. */
export const deadlineMinutes = 60;

/**
 * The membership on a virtual clock: false positives of Lifeguard beside plain SWIM among slow members, and pools of up to 10,000. Writes
 * `test/bench/gossip-report.md`; with `--brief` `var/gossip-report.md`,
 * of small pools. `jobs=N` as a word: so many processes at once, else one a processor. `split` as a word: only that part, the rest of the
 * report stays.
 */
export const bench: Bench = async ({ args, brief, say }) => {
  const wanted = args.find((word) => word.startsWith('jobs='))?.slice(5);
  const jobs = new Jobs(wanted === undefined ? availableParallelism() : Number(wanted));
  if (args.includes('split')) return splitAlone(await splitOf(jobs, brief), brief);
  const cell = async (of: Slowness, isMild: boolean): Promise<Cell> => {
    const made = await jobs.cell(of, isMild, brief);
    const { blocked, durationMs, runs, swim, lifeguard } = made;
    say(
      `  ${blocked} hang for ${durationMs / 1000} s, ${runs} runs: false positives ${swim.falsePositives} / ${lifeguard.falsePositives}, ` +
        `healthy ${swim.healthyFalsePositives} / ${lifeguard.healthyFalsePositives}`,
    );
    return made;
  };
  const pool = async (nodes: number): Promise<ScaleRun> => {
    const made = await jobs.scale(nodes, brief ? 2000 : 5000, 1);
    const { quietBytes, toldMs, allDeadMs, cpuSeconds } = made;
    say(
      `  ${nodes} members: ${shown(quietBytes)} B/s, a change ${shown(toldMs)} ms, a crash ${shown(allDeadMs)} ms, ${shown(cpuSeconds)} s of processor`,
    );
    return made;
  };
  // The longest first.
  const scale = (brief ? [200, 50] : [10_000, 1000, 100]).map(pool);
  const split = splitOf(jobs, brief);
  const cells = judgedCells(brief).map((of) => cell(of, false));
  const mild = mildCells(brief).map((of) => cell(of, true));
  const measured: Measured = {
    brief,
    scale: (await Promise.all(scale)).reverse(),
    split: await split,
    cells: await Promise.all(cells),
    mild: await Promise.all(mild),
  };
  writeReport(report(measured), brief);
  return resultOf('gossip-simulation', '% of SWIM', judge(measured));
};

function judge({ cells, mild, scale, split, brief }: Measured): BenchCheck[] {
  const worst = (figure: (cell: Cell) => number, of = cells): number => Math.max(...of.map(figure));
  const few = cells.filter(({ swim }) => swim.falsePositives < wantedPositives);
  const [small] = scale;
  const large = scale.at(-1);
  if (small === undefined || large === undefined) throw new Error('no pool was measured');
  return [
    atMost(
      'false positives, worst cell, % of SWIM',
      worst(({ swim, lifeguard }) => shareOf(lifeguard.falsePositives, swim.falsePositives)),
      2,
    ),
    atMost(
      'of them between healthy members, worst cell, % of SWIM',
      worst(({ swim, lifeguard }) => shareOf(lifeguard.healthyFalsePositives, swim.healthyFalsePositives)),
      2,
    ),
    atMost(`cells with less than ${wantedPositives} false positives of SWIM`, few.length, 0),
    atMost('median detection, worst cell, ratio to SWIM', worst(detectionRatio), 1.1),
    atMost(
      'bytes, worst cell, ratio to SWIM',
      worst((cell) => bytesRate(cell.lifeguard, cell) / bytesRate(cell.swim, cell), [...cells, ...mild]),
      1.15,
    ),
    atMost(
      `quiet bytes, ${large.nodes} members to ${small.nodes}`,
      large.quietBytes / small.quietBytes,
      1.25,
    ),
    atMost(
      `bytes of a change, ${large.nodes} members to ${small.nodes}`,
      large.toldBytes / small.toldBytes,
      2.5,
    ),
    atMost('a change known to all, slowest, s', Math.max(...scale.map(({ toldMs }) => toldMs)) / 1000, 2),
    atMost(
      'minutes of processor for all sizes',
      (scale.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) + split.cpuSeconds) / 60,
      10,
    ),
    ...judgeSplit(split, brief),
  ];
}

function judgeSplit({ wrongDeaths, healMs }: SplitRun, brief: boolean): BenchCheck[] {
  return [
    atMost('members held dead on their own side of a split', wrongDeaths, 0),
    atMost('a split healed, s', healMs / 1000, brief ? 300 : 120),
  ];
}

function splitOf(jobs: Jobs, brief: boolean): Promise<SplitRun> {
  return jobs.split(brief ? 50 : 1000, 0.3, 120_000, 1);
}

/** Puts the split of another run into the report that is there. */
function splitAlone(split: SplitRun, brief: boolean): BenchResult {
  const file = reportFile(brief);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const [head = ''] = before.split('## A split');
  writeReport(`${head}${splitPart(split)}`, brief);
  return resultOf('gossip-simulation', '% of SWIM', judgeSplit(split, brief));
}

function reportFile(brief: boolean): string {
  return brief
    ? join(packageRoot, 'var', 'gossip-report.md')
    : join(packageRoot, 'test', 'bench', 'gossip-report.md');
}

function writeReport(text: string, brief: boolean): void {
  const file = reportFile(brief);
  const folder = join(file, '..');
  if (existsSync(folder)) writeFileSync(file, text);
}
