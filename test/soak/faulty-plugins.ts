import { cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../bench/agent.ts';
import { trustPlugins } from '../bench/trusted-plugins.ts';

/** Makes a configuration directory with plugins of `test/fixtures/plugins`, each approved with `--trust`. */
export async function directoryOfPlugins(names: string[]): Promise<string> {
  mkdirSync(join(packageRoot, 'var'), { recursive: true });
  const config = mkdtempSync(join(packageRoot, 'var', 'soak-'));
  for (const name of names)
    cpSync(join(packageRoot, 'test', 'fixtures', 'plugins', name), join(config, name), { recursive: true });
  await trustPlugins(config, names);
  return config;
}
