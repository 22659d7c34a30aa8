import { cpSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestPlugin, writeLock } from '../../configuration/lock.ts';
import { packageRoot } from '../bench/agent.ts';

/**
 * Makes a configuration directory with plugins of `test/fixtures/plugins`, each trusted as an operator would. It lies inside the
 * package, so that their imports of `opsbro/sdk` resolve.
 */
export function directoryOfPlugins(names: string[]): string {
  mkdirSync(join(packageRoot, 'var'), { recursive: true });
  const config = mkdtempSync(join(packageRoot, 'var', 'soak-'));
  const entries = names.map((name) => {
    const folder = join(config, name);
    cpSync(join(packageRoot, 'test', 'fixtures', 'plugins', name), folder, { recursive: true });
    return {
      name: idOf(readFileSync(join(folder, 'plugin.yml'), 'utf8')),
      digest: digestPlugin(folder),
      trust: true,
    };
  });
  writeLock(join(config, 'plugins.lock'), entries);
  return config;
}

function idOf(manifest: string): string {
  const key = (name: string): string => new RegExp(`^${name}: *(\\S+)`, 'm').exec(manifest)?.[1] ?? '';
  return `${key('kind')}/${key('name')}`;
}
