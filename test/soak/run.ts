import { existsSync, readdirSync } from 'node:fs';
import type { Soak, SoakResult } from './result.ts';

const supporting = new Set([
  'run',
  'result',
  'faulty-plugins',
  'mutate',
  'push-validator',
  'acknowledged-reads',
  'stalls',
]);

/** `npm run soak -- NAME [--tenth] [--seed N]`: a report for people, then one line of JSON. Exits 0 when it passes. */
async function main(words: string[]): Promise<number> {
  const name = words.find((word) => !word.startsWith('--')) ?? '';
  const file = new URL(`./${name}.js`, import.meta.url);
  if (!/^[a-z][a-z-]*$/.test(name) || supporting.has(name) || !existsSync(file)) {
    console.error(`usage: npm run soak -- NAME [--tenth] [--seed N], with NAME one of ${soaks().join(', ')}`);
    return 2;
  }
  const { soak } = (await import(file.href)) as { soak: Soak };
  const seed = words.includes('--seed') ? Number(words[words.indexOf('--seed') + 1]) : Date.now() % 1_000_000;
  const share = words.includes('--tenth') ? 0.1 : 1;
  console.log(`soak ${name}, seed ${seed}`);
  return finish(await soak({ share, seed, say: (text) => console.log(text) }));
}

function soaks(): string[] {
  return readdirSync(new URL('.', import.meta.url))
    .filter((name) => name.endsWith('.js'))
    .map((name) => name.slice(0, -3))
    .filter((name) => !supporting.has(name));
}

function finish(result: SoakResult): number {
  for (const line of result.found.slice(0, 40)) console.log(`FAIL  ${line}`);
  for (const [name, value] of Object.entries(result.figures)) console.log(`  ${name}: ${value}`);
  console.log(JSON.stringify(result));
  return result.pass ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.stack : error);
  return 1;
});
