import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CollectorView } from '../../control/shapes.ts';
import { threadData } from '../../core/assembly.ts';
import { systemClock } from '../../core/clock.ts';
import { proposeApproval, recordApproval } from '../../sandbox/approval/approve.ts';
import { keptPath } from '../../sandbox/approval/kept.ts';
import { bundleText, digestText, readBundle } from '../../sandbox/bundle.ts';
import { SandboxPool } from '../../sandbox/engine/pool.ts';
import { defaultLimits } from '../../sandbox/limits.ts';
import type { Sandboxed } from '../../sandbox/model.ts';
import { createJobPool } from '../../threads/pool/job-pool.ts';
import type { Job, JobResult } from '../../threads/protocol.ts';
import { agentDirectory, type BenchAgent, pause, spawnAgent, waitFor } from './agent.ts';
import { treeUsage } from './proc-tree.ts';
import { atMost, type Bench, briefRounds, median, resultOf, shown } from './result.ts';

const mebibyte = 1024 * 1024;
const pluginCount = 100;
/** Until then V8 compiles what runs. */
const warmRuns = 3000;

/**
 * What the sandbox costs: processor time of an empty run, over all threads of the process, and beside it that of the same plugin trusted; the
 * memory that a thousand reloads of a plugin leave; then that of an agent that runs a hundred sandboxed plugins, beside one that runs none.
 */
export const bench: Bench = async ({ brief, say }) => {
  const cost = await measureRuns(brief ? 300 : 2000, brief ? briefRounds : 7, say);
  const reloads = await measureReloads(brief ? 100 : 1000, say);
  const growth = await measureMemory(brief ? 5 : 90, say);
  say(`  the same plugin trusted: ${shown(cost.trusted)} ms of CPU a run`);
  return resultOf('sandbox', 'ms', [
    atMost('empty run warm, ms of CPU', cost.sandboxed, 0.5),
    atMost(`RSS after ${brief ? 100 : '1,000'} reloads, as a share of before`, reloads, 1.1),
    atMost(`RSS of ${pluginCount} sandboxed plugins, MiB`, growth, 80),
  ]);
};

const manifest = (name: string): string =>
  `/*---\napi: 1\nkind: collector\nname: ${name}\nsummary: A bench.\ninterval: 10s\n---*/\n`;
const code = 'export default { collect() { return { up: 1 }; } };\n';

type Runner = { run(job: Job): Promise<JobResult>; close(deadlineMs: number): Promise<void> };

async function measureRuns(
  runs: number,
  rounds: number,
  say: (text: string) => void,
): Promise<{ sandboxed: number; trusted: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-bench-'));
  const parts = { threadData: threadData(process.env), clock: systemClock };
  const sandboxes = openSandboxes(say);
  const jobs = createJobPool({
    ...parts,
    onLateError: (plugin, { message }) => say(`  ${plugin}: ${message}`),
  });
  try {
    const [sandboxed, trusted] = await makeJobs(folder);
    const figures: { sandboxed: number; trusted: number }[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const figure = {
        sandboxed: await cpuPerRun(sandboxes, sandboxed, round === 0 ? warmRuns : runs),
        trusted: await cpuPerRun(jobs, trusted, round === 0 ? warmRuns : runs),
      };
      // The first one warms what the others measure.
      if (round === 0) continue;
      say(
        `  round ${round}: sandboxed ${shown(figure.sandboxed)}, trusted ${shown(figure.trusted)} ms of CPU a run`,
      );
      figures.push(figure);
    }
    return {
      sandboxed: median(figures.map((figure) => figure.sandboxed)),
      trusted: median(figures.map((figure) => figure.trusted)),
    };
  } finally {
    await Promise.all([sandboxes.close(0), jobs.close(0)]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Memory of the process after a plugin's code was replaced again and again, each version having run, as a share of that after the first ten. */
async function measureReloads(reloads: number, say: (text: string) => void): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-bench-'));
  const sandboxes = openSandboxes(say);
  try {
    const [job] = await makeJobs(folder);
    const { bundle, digest } = job.sandbox as Sandboxed;
    const kept = readBundle(bundle, digest);
    let before = Number.NaN;
    for (let reload = 1; reload <= reloads; reload += 1) {
      const text = bundleText({ ...kept, code: `${kept.code}\n// ${reload}` });
      writeFileSync(bundle, text);
      sandboxes.invalidate(job.plugin);
      const changed = { ...(job.sandbox as Sandboxed), digest: digestText(text) };
      const result = await sandboxes.run({ ...job, sandbox: changed });
      if (result.status !== 'done') throw new Error(JSON.stringify(result));
      if (reload === 10) before = process.memoryUsage.rss();
    }
    say(
      `  RSS after 10 reloads ${shown(before / mebibyte)}, now ${shown(process.memoryUsage.rss() / mebibyte)} MiB`,
    );
    return process.memoryUsage.rss() / before;
  } finally {
    await sandboxes.close(0);
    rmSync(folder, { recursive: true, force: true });
  }
}

function openSandboxes(say: (text: string) => void): SandboxPool {
  return new SandboxPool({
    threadData: threadData(process.env),
    clock: systemClock,
    errand: () => Promise.reject(new Error('no errands here')),
    onRepeated: (plugin, reason) => say(`  ${plugin}: ${reason}`),
  });
}

/** The same plugin twice: approved for the sandbox, and as a module for job threads. */
async function makeJobs(folder: string): Promise<[Job, Job]> {
  const lock = join(folder, 'plugins.lock');
  const { digest, permissions } = await approve(folder, lock, 'empty');
  const module = join(folder, 'trusted.mjs');
  writeFileSync(module, code);
  const common = {
    type: 'collect',
    object: 'local/collector/empty',
    name: 'empty',
    options: {},
    state: {},
    timeoutMs: 10_000,
  } as const;
  // A thousand runs a second are no minute's work of any plugin.
  const sandbox = {
    bundle: keptPath(lock, digest),
    digest,
    permissions,
    limits: { ...defaultLimits, cpuPerMinuteMs: Number.MAX_SAFE_INTEGER },
  };
  return [
    { ...common, plugin: 'collector/empty', module: '', sandbox },
    { ...common, plugin: 'collector/trusted', module },
  ];
}

async function approve(folder: string, lock: string, name: string): ReturnType<typeof recordApproval> {
  const path = join(folder, `${name}.js`);
  writeFileSync(path, manifest(name) + code);
  return await recordApproval(await proposeApproval(path, lock), lock, {
    by: 'bench',
    at: '2026-01-01T00:00:00Z',
  });
}

/** Of the whole process: the main thread's part and that of every thread. */
async function cpuPerRun(pool: Runner, job: Job, runs: number): Promise<number> {
  const before = process.cpuUsage();
  for (let run = 0; run < runs; run += 1) {
    const result = await pool.run(job);
    if (result.status !== 'done') throw new Error(JSON.stringify(result));
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / runs;
}

/** How much more an agent with a hundred sandboxed plugins holds, MiB: both run at once, after a first round and a while. */
async function measureMemory(seconds: number, say: (text: string) => void): Promise<number> {
  const scratch = agentDirectory();
  const config = join(scratch, 'config.d');
  mkdirSync(config, { recursive: true });
  for (let index = 0; index < pluginCount; index += 1) {
    await approve(config, join(config, 'plugins.lock'), `bench${index}`);
    writeFileSync(join(config, `bench${index}.yml`), 'collector: {interval: 10s}\n');
  }
  const agents = [spawnAgent(), spawnAgent({}, [], scratch)];
  try {
    for (const agent of agents)
      await waitFor(
        agent,
        'running agent',
        async () => (await agent.agent()).state === 'running' || undefined,
        90_000,
        100,
      );
    await waitFor(
      agents[1] as BenchAgent,
      'runs of all',
      () => ranAll(agents[1] as BenchAgent),
      180_000,
      200,
    );
    const samples: [number, number][] = [];
    for (let second = 0; second < seconds; second += 1) {
      const [none, all] = agents.map(({ child }) => treeUsage(child.pid ?? 0).rssBytes / mebibyte);
      samples.push([none as number, all as number]);
      await pause(1000);
    }
    const last = samples.slice(-Math.ceil(seconds / 3));
    const [none, all] = [0, 1].map((side) => median(last.map((sample) => sample[side] as number)));
    for (const agent of agents) say(`  threads ${JSON.stringify((await agent.agent()).threads)}`);
    say(
      `  RSS without ${shown(none as number)}, with ${pluginCount} sandboxed plugins ${shown(all as number)} MiB`,
    );
    return (all as number) - (none as number);
  } finally {
    await Promise.all(agents.map((agent) => agent.dispose()));
  }
}

async function ranAll(agent: BenchAgent): Promise<true | undefined> {
  const collectors = await agent.client.request<CollectorView[]>('GET', '/api/v1/collectors');
  const ours = collectors.filter(({ name, state }) => name.startsWith('bench') && state === 'ok');
  return ours.length === pluginCount || undefined;
}
