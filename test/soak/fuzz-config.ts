import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CheckView, ReloadView } from '../../control/shapes.ts';
import { type BenchAgent, hasVerdict, packageRoot, spawnAgent, waitFor } from '../bench/agent.ts';
import { mutate } from './mutate.ts';
import { pick, randomFrom, type Soak } from './result.ts';

const reloadDeadlineMs = 20_000;

/** 2,000 broken files from the shipped ones: every reload answers, and what another file holds is never touched. */
export const soak: Soak = async ({ share, seed, say }) => {
  const random = randomFrom(seed);
  const rounds = Math.round(2000 * share);
  const corpus = shippedFiles();
  const agent = spawnAgent({
    'steady.yml': 'check:\n  interval: 1s\n  ok_output: "\'steady\'"\n  critical_if: "False"\n',
  });
  const found: string[] = [];
  const figures = { slowestReloadMs: 0, refused: 0 };
  try {
    await waitFor(agent, 'verdict', () => steady(agent), 60_000, 100);
    for (let round = 1; round <= rounds && found.length < 10; round += 1) {
      const path = `fuzz/${pick(['a', 'b', 'c'], random)}.yml`;
      const bytes = mutate(pick(corpus, random), random);
      write(agent, path, bytes);
      const problem = await reload(agent, figures);
      if (problem !== null) {
        found.push(
          `round ${round}: ${problem}; the file was ${JSON.stringify(bytes.toString('latin1').slice(0, 400))}`,
        );
      }
      if (round % 100 === 0)
        say(`  ${round} files, ${figures.refused} refused, slowest reload ${figures.slowestReloadMs} ms`);
    }
  } catch (error) {
    found.push(error instanceof Error ? error.message : String(error));
  } finally {
    await agent.dispose();
  }
  return { soak: 'fuzz-config', rounds, seed, pass: found.length === 0, found, figures };
};

async function reload(
  agent: BenchAgent,
  figures: { slowestReloadMs: number; refused: number },
): Promise<string | null> {
  const before = performance.now();
  try {
    const view = await agent.client.request<ReloadView>(
      'POST',
      '/api/v1/agent/reload',
      {},
      { timeoutMs: reloadDeadlineMs },
    );
    if (!view.ok) figures.refused += 1;
    for (const { message, place } of view.diagnostics) {
      if (message === '' || place.file === '')
        return `a diagnostic without text or file: ${JSON.stringify({ message, place })}`;
    }
    if ((await steady(agent)) === undefined) return 'the check of another file lost its verdict';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  figures.slowestReloadMs = Math.max(figures.slowestReloadMs, Math.round(performance.now() - before));
  return null;
}

async function steady(agent: BenchAgent): Promise<CheckView | undefined> {
  const check = await agent.client.request<CheckView>('GET', '/api/v1/checks/steady');
  return hasVerdict(check) && check.state === 'ok' ? check : undefined;
}

function write(agent: BenchAgent, path: string, bytes: Buffer): void {
  mkdirSync(dirname(join(agent.config, path)), { recursive: true });
  writeFileSync(join(agent.config, path), bytes);
}

function shippedFiles(): string[] {
  const folder = join(packageRoot, 'config.d');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.yml'),
  );
  return names.map((name) => readFileSync(join(folder, name), 'utf8'));
}
