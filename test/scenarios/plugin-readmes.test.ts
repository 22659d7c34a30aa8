import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExpressionEngine } from '../../language/engine/engine.ts';
import { callForReal, factsOf, loadShipped, rulesOf, startEngine } from './shipped-config.ts';

const plugins = fileURLToPath(new URL('../../plugins/', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'opsbro-readmes-'));
const readmes = ['checks', 'detectors', 'functions'].flatMap((kind) =>
  readdirSync(join(plugins, kind), { recursive: true, encoding: 'utf8' })
    .filter(
      (file) => file.endsWith('README.md') && existsSync(join(plugins, kind, dirname(file), 'plugin.yml')),
    )
    .map((file) => join(kind, file)),
);
let engine: ExpressionEngine;

beforeAll(() => {
  engine = startEngine(callForReal);
});

afterAll(async () => {
  rmSync(scratch, { recursive: true });
  await engine.stop();
});

function yamlBlocks(readme: string): string[] {
  const text = readFileSync(join(plugins, readme), 'utf8');
  return [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block);
}

describe.each(readmes)('the YAML of plugins/%s', (readme) => {
  it.each(yamlBlocks(readme).map((block, index) => [index + 1, block] as const))(
    'loads without an error and does what it says, block %i',
    async (index, block) => {
      const directory = join(scratch, `${dirname(readme).replaceAll('/', '-')}-${index}`);
      mkdirSync(directory);
      writeFileSync(join(directory, 'example.yml'), block);
      const { plan } = loadShipped([directory]);
      expect(plan.diagnostics.filter(({ place }) => place.file.startsWith(directory))).toEqual([]);
      const rules = rulesOf(plan).filter(({ place }) => place.file.startsWith(directory));
      engine.put(rules.flatMap(({ program }) => program ?? []));
      for (const rule of rules) {
        const [first] = await engine.evaluate([rule.id], factsOf({}));
        expect(first?.kind).toBe(rule.kind === 'check' ? 'verdict' : 'groups');
        if (rule.kind !== 'check') continue;
        for (const { given, expect: expected } of rule.tests) {
          const [outcome] = await engine.evaluate([rule.id], factsOf((given.collector ?? {}) as never));
          expect(outcome).toMatchObject(expected);
        }
      }
    },
  );
});
