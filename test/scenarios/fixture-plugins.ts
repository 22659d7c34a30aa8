import { cpSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { digestPlugin, writeLock } from '../../configuration/lock.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = join(root, 'test', 'fixtures', 'plugins');

/**
 * Makes a configuration directory that holds fixture plugins, each trusted by its digest, as an operator would approve them. It lies
 * inside the package, so that the fixtures' imports of `opsbro/sdk` resolve.
 */
export function configWithPlugins(names: string[]): string {
  mkdirSync(join(root, 'var'), { recursive: true });
  const config = mkdtempSync(join(root, 'var', 'scenario-'));
  for (const name of names) cpSync(join(fixtures, name), join(config, name), { recursive: true });
  trustPlugins(config, names);
  return config;
}

/** Approves plugins of a configuration directory as they are now. */
export function trustPlugins(config: string, names: string[]): void {
  const entries = names.map((name) => {
    const folder = join(config, name);
    const manifest = parse(readFileSync(join(folder, 'plugin.yml'), 'utf8')) as {
      kind: string;
      name: string;
    };
    return { name: `${manifest.kind}/${manifest.name}`, digest: digestPlugin(folder), trust: true };
  });
  writeLock(join(config, 'plugins.lock'), entries);
}
