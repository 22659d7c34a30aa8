import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchAgent, packageRoot, pause, spawnAgent, waitFor } from './agent.ts';
import { atMost, type Bench, type BenchCheck, median, quantile, resultOf, shown } from './result.ts';
import { trustPlugins } from './trusted-plugins.ts';

/** Fixtures that never end: one awaits, one keeps its processor busy until its thread is terminated. */
const kinds = ['never-returns', 'blocks'] as const;
type Kind = (typeof kinds)[number];
const copies = 16;
const others = Array.from({ length: 40 }, (_, index) => `other-${index + 1}`);
const intervalMs = 1000;
const reachMs = 100;

/**
 * Sixteen plugins hang at once, and again at each of their runs: by how much that moves the runs of forty other collectors, each against the
 * phase that it kept before. A run begins when its code does. Once with plugins that wait, once with plugins that burn a processor each.
 */
export const bench: Bench = async ({ brief, say }) => {
  const checks: BenchCheck[] = [];
  for (const kind of kinds) checks.push(...(await measure(kind, brief, say)));
  return resultOf('hang', 'ms', checks);
};

async function measure(kind: Kind, brief: boolean, say: (text: string) => void): Promise<BenchCheck[]> {
  const { config, notes } = await prepare(kind);
  const agent = spawnAgent({}, ['--config', config]);
  try {
    const running = async (): Promise<true | undefined> =>
      ((await agent.agent()).state === 'running' && existsSync(notes)) || undefined;
    await waitFor(agent, 'running agent', running, 60_000, 100);
    // The runs of a start are out of phase.
    await pause(3000);
    const quiet = await observe(agent, notes, brief ? 4000 : 20_000);
    switchHanging(config, kind, true);
    const allHang = async (): Promise<true | undefined> =>
      (await timeouts(agent, kind)) >= copies || undefined;
    const sinceMs = Date.now();
    await waitFor(agent, 'sixteen that hang', allHang, 60_000, 100);
    const rest = Math.max(3000, (brief ? 6000 : 60_000) - (Date.now() - sinceMs));
    const hung = await observe(agent, notes, rest, sinceMs);
    return judge(kind, quiet, hung, say);
  } finally {
    await agent.dispose();
    rmSync(config, { recursive: true, force: true });
  }
}

/** What was seen of the others: when each began, and what the scheduler counted of all objects. */
interface Seen {
  begun: Map<string, number[]>;
  ms: number;
  runs: number;
  late: number;
}

function judge(kind: Kind, quiet: Seen, hung: Seen, say: (text: string) => void): BenchCheck[] {
  const phases = new Map([...quiet.begun].map(([name, times]) => [name, phaseOf(times)]));
  const before = moved(quiet, phases);
  const during = moved(hung, phases);
  const all = [...during.values()].flat();
  const calm = [...before.values()].flat();
  const runs = all.length / ((others.length * hung.ms) / intervalMs);
  say(
    `  ${kind}, before: p50 ${shown(median(calm))}, p99 ${shown(quantile(calm, 0.99))}, max ${shown(Math.max(...calm))} ms`,
  );
  say(
    `  ${kind}, hanging: p50 ${shown(median(all))}, p99 ${shown(quantile(all, 0.99))}, max ${shown(Math.max(...all))} ms`,
  );
  const worst = Math.max(...[...during.values()].map(median));
  return [
    atMost(`${kind}: runs of the others moved by, p99, ms`, quantile(all, 0.99), reachMs),
    atMost(`${kind}: the object that moved most, median of its runs, ms`, worst, reachMs),
    atMost(
      `${kind}: runs of any object scheduled more than 100 ms late, %`,
      (100 * hung.late) / hung.runs,
      1,
    ),
    atMost(`${kind}: runs of the others missing, %`, 100 * Math.max(0, 1 - runs), 2),
  ];
}

/** Where in its interval an object ran, from its own runs; the first is the origin, so that a phase about 0 does not tear. */
function phaseOf(times: readonly number[]): number {
  const [first = 0] = times;
  return first + median(times.map((at) => offset(at - first)));
}

function moved({ begun }: Seen, phases: ReadonlyMap<string, number>): Map<string, number[]> {
  return new Map(
    [...begun].map(([name, times]) => [
      name,
      times.map((at) => lateness(at - (phases.get(name) ?? Number.NaN))),
    ]),
  );
}

/** The part of a time that is no whole interval, from minus a half to a half. */
function offset(ms: number): number {
  return ms - Math.round(ms / intervalMs) * intervalMs;
}

/** How far a time is from the whole interval it belongs to: late by up to nine tenths of it, or else early. */
function lateness(ms: number): number {
  const late = ((ms % intervalMs) + intervalMs) % intervalMs;
  return late < intervalMs * 0.9 ? late : intervalMs - late;
}

async function observe(agent: BenchAgent, notes: string, forMs: number, sinceMs = Date.now()): Promise<Seen> {
  const { schedule } = await agent.agent();
  await pause(forMs);
  const after = (await agent.agent()).schedule;
  const untilMs = Date.now();
  const begun = new Map(others.map((name): [string, number[]] => [name, []]));
  for (const line of readFileSync(notes, 'utf8').trimEnd().split('\n')) {
    const [name = '', at] = line.split(' ');
    if (Number(at) >= sinceMs && Number(at) < untilMs) begun.get(name)?.push(Number(at));
  }
  return { begun, ms: untilMs - sinceMs, runs: after.runs - schedule.runs, late: after.late - schedule.late };
}

async function timeouts(agent: BenchAgent, kind: Kind): Promise<number> {
  const plugins = await agent.client.request<{ id: string; timeouts: number }[]>('GET', '/api/v1/plugins');
  return plugins.filter(({ id, timeouts }) => id.startsWith(`collector/${kind}-`) && timeouts > 0).length;
}

async function prepare(kind: Kind): Promise<{ config: string; notes: string }> {
  mkdirSync(join(packageRoot, 'var'), { recursive: true });
  const config = mkdtempSync(join(packageRoot, 'var', 'bench-'));
  const notes = join(config, 'notes');
  const names = [...namesOf(kind), 'notes-time'];
  for (const name of names) copyPlugin(config, name);
  await trustPlugins(config, names);
  const objects = others.map(
    (name) => `collector: { use: notes-time, id: ${name}, interval: 1s, path: ${notes} }\n`,
  );
  writeFileSync(join(config, 'others.yml'), objects.join('---\n'));
  switchHanging(config, kind, false);
  return { config, notes };
}

function copyPlugin(config: string, name: string): void {
  const original = name.replace(/-\d+$/, '');
  const folder = join(config, name);
  cpSync(join(packageRoot, 'test', 'fixtures', 'plugins', original), folder, { recursive: true });
  const manifest = join(folder, 'plugin.yml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(`name: ${original}`, `name: ${name}`));
}

function namesOf(kind: Kind): string[] {
  return Array.from({ length: copies }, (_, index) => `${kind}-${index + 1}`);
}

function switchHanging(config: string, kind: Kind, enabled: boolean): void {
  const objects = namesOf(kind).map(
    (name) => `collector: { use: ${name}, id: ${name}, interval: 2s, enabled: ${enabled} }\n`,
  );
  writeFileSync(join(config, 'hanging.yml'), objects.join('---\n'));
}
