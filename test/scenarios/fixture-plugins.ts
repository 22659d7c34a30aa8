import { cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { trustPlugins } from '../bench/trusted-plugins.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = join(root, 'test', 'fixtures', 'plugins');

/** Makes a configuration directory that holds fixture plugins, each approved with `--trust`. */
export async function configWithPlugins(names: string[]): Promise<string> {
  mkdirSync(join(root, 'var'), { recursive: true });
  const config = mkdtempSync(join(root, 'var', 'scenario-'));
  for (const name of names) cpSync(join(fixtures, name), join(config, name), { recursive: true });
  await trustPlugins(config, names);
  return config;
}
