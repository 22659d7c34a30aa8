import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { systemClock } from '../../core/clock.ts';
import { compileCheck } from '../../language/compile.ts';
import { ExpressionEngine } from '../../language/engine/engine.ts';
import { defaultExpressionLimits, type Facts, type Program } from '../../language/program.ts';
import {
  alternate,
  atLeastRatio,
  type Bench,
  type BenchCheck,
  briefRounds,
  peerAbsent,
  resultOf,
  shown,
} from './result.ts';

const unit = 'checks/s';
const count = 10_000;
const reach = 12;
const turns = 3;
const peer = fileURLToPath(new URL('../../../test/bench/expressions-peer.py', import.meta.url));

/**
 * The seed's cpu check, 10,000 instances with their own thresholds: values in, verdicts out, through the real engine and its
 * thread, against CPython doing for every expression what OpsBro did. Both sides take the best of three turns a round, each turn
 * with a new value; ours has its programs loaded, as an agent has after its configuration, and Python its modules.
 */
export const bench: Bench = async ({ brief, say }) => {
  if (spawnSync('python3', ['--version']).status !== 0)
    return peerAbsent('expressions', unit, reach, 'python3');
  const engine = new ExpressionEngine({
    limits: defaultExpressionLimits,
    callFunction: async () => ({ ok: true, value: null }),
    clock: systemClock,
  });
  try {
    const compiling = performance.now();
    const programs = Array.from({ length: count }, (_, number) => instance(number));
    say(`  compiled ${count} checks in ${shown(performance.now() - compiling)} ms`);
    engine.put(programs);
    const ids = programs.map(({ id }) => id);
    for (let warm = 0; warm < 5; warm += 1) await tick(engine, ids);
    const rounds = await alternate(brief ? briefRounds : 9, () => best(engine, ids), runPeer, say);
    say(
      `  ratio ${shown(rounds.ratio)}, quartiles ${shown(rounds.lowerQuartile)} to ${shown(rounds.upperQuartile)}`,
    );
    const distinct = await ownValues(engine, programs);
    say(`  with a value of its own for every check: ${shown(distinct.ours)} checks/s`);
    return resultOf('expressions', unit, [atLeastRatio("the seed's cpu check", rounds, reach), distinct]);
  } finally {
    await engine.stop();
  }
};

function instance(number: number): Program {
  return compile(`check-${number}`, 'collector.cpustats.cpuall.%idle', number);
}

function compile(id: string, path: string, number: number): Program {
  const idle = `{${path}}`;
  const thresholds = { cpuidle: { critical: 5 + number / 1000, warning: 20 + number / 1000 } };
  const { program, findings } = compileCheck(
    id,
    {
      ok_output: `'OK: cpu is great: %s%%' % (100-${idle})`,
      critical_if: `${idle} < {configuration.thresholds.cpuidle.critical}`,
      critical_output: `'Critical: cpu is too high: %s%%' % (100-${idle})`,
      warning_if: `${idle} < {configuration.thresholds.cpuidle.warning}`,
      warning_output: `'Warning: cpu is very high: %s%%' % (100-${idle})`,
    },
    {
      parameters: {},
      configuration: { thresholds },
      functions: new Map(),
      collectors: new Set(['cpustats']),
    },
    'opsbro',
  );
  if (program === undefined) throw new Error(findings[0]?.message);
  return program;
}

const factsOf = (tree: { [key: string]: { [key: string]: number } }): Facts => ({
  sample: () => tree,
  groups: ['linux'],
  staticGroups: [],
  now: Date.now(),
  seed: 1,
  node: { name: 'bench', uuid: '', zone: '' },
});

let value = 0;

/** Checks a second of one tick with a value the checks have not seen. */
async function tick(engine: ExpressionEngine, ids: string[]): Promise<number> {
  value += 1;
  const facts = factsOf({ cpuall: { '%idle': 53.2 + (value % 200) / 7 } });
  const start = performance.now();
  const outcomes = await engine.evaluate(ids, facts);
  const seconds = (performance.now() - start) / 1000;
  const ok = outcomes.filter((outcome) => outcome.kind === 'verdict' && outcome.state === 'ok').length;
  if (ok !== ids.length) throw new Error(`${ids.length - ok} wrong verdicts`);
  return ids.length / seconds;
}

async function best(engine: ExpressionEngine, ids: string[]): Promise<number> {
  let most = 0;
  for (let turn = 0; turn < turns; turn += 1) most = Math.max(most, await tick(engine, ids));
  return most;
}

async function runPeer(): Promise<number> {
  const { stdout } = await promisify(execFile)('python3', [peer, String(count), String(turns)]);
  return Number(stdout);
}

/** The same with 10,000 references, so that every value crosses the border and every text is another; no reach is set for it. */
async function ownValues(engine: ExpressionEngine, programs: Program[]): Promise<BenchCheck> {
  const own = programs.map((_, number) =>
    compile(`own-${number}`, `collector.cpustats.cpu${number}.%idle`, number),
  );
  engine.put(own);
  const ids = own.map(({ id }) => id);
  let ours = 0;
  for (let turn = 0; turn < 5; turn += 1) {
    const tree = Object.fromEntries(
      own.map((_, number) => [`cpu${number}`, { '%idle': 60 + ((number + turn) % 997) / 31 }]),
    );
    const start = performance.now();
    const outcomes = await engine.evaluate(ids, factsOf(tree));
    ours = Math.max(ours, (ids.length * 1000) / (performance.now() - start));
    if (outcomes.some((outcome) => outcome.kind !== 'verdict' || outcome.state !== 'ok'))
      throw new Error('wrong verdicts');
  }
  return { name: 'with 10,000 values that all change', ours, peer: null, ratio: null, reach: 0, pass: true };
}
