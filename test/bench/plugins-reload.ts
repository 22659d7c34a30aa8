import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CollectorView } from '../../control/shapes.ts';
import { proposeApproval, recordApproval } from '../../sandbox/approval/approve.ts';
import { bundlePlugin } from '../../sandbox/approval/bundler.ts';
import { generateSigner, signaturePath, signSource } from '../../sandbox/approval/signature.ts';
import { dependenciesOf } from '../../sandbox/approval/source.ts';
import { agentDirectory, type BenchAgent, packageRoot, pause, spawnAgent, waitFor } from './agent.ts';
import { atMost, type Bench, quantile, resultOf, shown } from './result.ts';

const reachMs = 1000;
const deadlineMs = 20_000;

/**
 * How soon new code of a plugin runs, in ms up to the value that its first run gave: after an operator approved it, after its files were
 * written where a key's signature is enough, and after a write under `plugins dev`. The plugin's own interval is an hour, so nothing but the
 * reload makes it run.
 */
export const bench: Bench = async ({ brief, say }) => {
  const rounds = brief ? 5 : 120;
  const { approved, signed } = await inAgent(rounds, say);
  const developed = await underDev(brief ? 4 : 60, say);
  const all = {
    'an approval': approved,
    'a write of a signed plugin': signed,
    "a write under 'dev'": developed,
  };
  return resultOf(
    'plugins-reload',
    'ms',
    Object.entries(all).map(([what, times]) =>
      atMost(`${what} to its first value, p99 of ${times.length}, ms`, quantile(times, 0.99), reachMs),
    ),
  );
};

function source(name: string, version: number): string {
  const manifest = `api: 1\nkind: collector\nname: ${name}\nsummary: A bench.\nversion: 1.0.${version}\ninterval: 1h`;
  return `/*---\n${manifest}\n---*/\nexport default { collect: () => ({ marker: 'version-${version}-' }) };\n`;
}

async function inAgent(
  rounds: number,
  say: (text: string) => void,
): Promise<{ approved: number[]; signed: number[] }> {
  const { privateKey, publicKey } = generateSigner();
  const scratch = agentDirectory();
  const config = join(scratch, 'config.d');
  const path = join(config, 'local', 'judged.js');
  mkdirSync(join(config, 'local'), { recursive: true });
  writeFileSync(path, source('judged', 0));
  await approve(path, join(config, 'plugins.lock'));
  const settings = `approve: signed\nplugin_keys: [{ name: bench, key: ${publicKey}, ceiling: {} }]\n`;
  const agent = spawnAgent({ 'agent.yml': settings }, [], scratch);
  try {
    await untilValue(agent, 'judged', 0, 90_000);
    const approved = await repeat(rounds, 'approvals', say, async (version) => {
      writeFileSync(path, source('judged', version));
      const proposal = await proposeApproval(path, join(config, 'plugins.lock'));
      const before = performance.now();
      await recordApproval(proposal, join(config, 'plugins.lock'), who);
      await untilValue(agent, 'judged', version, deadlineMs);
      return performance.now() - before;
    });
    const signed = await repeat(rounds, 'signed writes', say, async (version) => {
      const built = join(scratch, 'sealed.js');
      writeFileSync(built, source('sealed', version));
      await sign(built, privateKey);
      const before = performance.now();
      for (const end of ['.sig', '']) agent.write(`local/sealed.js${end}`, readFileSync(built + end, 'utf8'));
      await untilValue(agent, 'sealed', version, deadlineMs);
      return performance.now() - before;
    });
    return { approved, signed };
  } finally {
    await agent.dispose();
  }
}

const who = { by: 'bench', at: '2026-01-01T00:00:00Z' };

async function approve(path: string, lock: string): Promise<void> {
  await recordApproval(await proposeApproval(path, lock), lock, who);
}

async function sign(path: string, privateKey: string): Promise<void> {
  const { source: read, sourceDigest } = await bundlePlugin(path);
  const signature = { dependencies: dependenciesOf(read), signature: signSource(sourceDigest, privateKey) };
  writeFileSync(signaturePath(path, false), JSON.stringify(signature));
}

async function untilValue(agent: BenchAgent, name: string, version: number, withinMs: number): Promise<void> {
  await waitFor(
    agent,
    `value of version ${version} of ${name}`,
    async () => {
      const path = `/api/v1/collectors/core/collector/${name}`;
      const { results } = await agent.client.request<CollectorView>('GET', path);
      return results?.marker === `version-${version}-` || undefined;
    },
    withinMs,
    5,
  );
}

/** The program as an author starts it, in a terminal of their own. */
async function underDev(rounds: number, say: (text: string) => void): Promise<number[]> {
  const scratch = agentDirectory();
  const path = join(scratch, 'drafted.js');
  writeFileSync(path, source('drafted', 0));
  const program = join(packageRoot, 'dist/cli/opsbro.js');
  const child = spawn(process.execPath, [program, 'plugins', 'dev', path, '--no-color'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '' },
  });
  let output = '';
  const seen = (version: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!output.includes(`version-${version}-`)) return;
        clearTimeout(timer);
        child.stdout.off('data', look);
        resolve();
      };
      const late = new Error(
        `no value of version ${version} under 'plugins dev'; it wrote:\n${output.slice(-2000)}`,
      );
      const timer = setTimeout(() => reject(late), deadlineMs);
      child.stdout.on('data', look);
      look();
    });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-8000);
    });
  try {
    await seen(0);
    return await repeat(rounds, "writes under 'dev'", say, async (version) => {
      const before = performance.now();
      writeFileSync(path, source('drafted', version));
      await seen(version);
      return performance.now() - before;
    });
  } finally {
    child.kill('SIGINT');
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Measures versions 1 to `rounds`, at odd moments so that they keep step with no timer of the agent. */
async function repeat(
  rounds: number,
  what: string,
  say: (text: string) => void,
  measure: (version: number) => Promise<number>,
): Promise<number[]> {
  const times: number[] = [];
  for (let version = 1; version <= rounds; version += 1) {
    times.push(await measure(version));
    await pause(50 + ((version * 37) % 250));
  }
  const [middle, high] = [0.5, 0.99].map((share) => shown(quantile(times, share)));
  say(`  ${rounds} ${what}: median ${middle}, p99 ${high}, slowest ${shown(Math.max(...times))} ms`);
  return times;
}
