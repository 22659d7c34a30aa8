import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const version = '0.9.0';
const isBuilt = import.meta.url.includes('/dist/test/');
const home = fileURLToPath(new URL(isBuilt ? '../../../var/peers/' : '../../var/peers/', import.meta.url));

/** The folder of statsd's original where it is installed; undefined where it is not. */
export function originalStatsd(): string | undefined {
  const folder = `${home}node_modules/statsd/`;
  return existsSync(`${folder}stats.js`) ? folder : undefined;
}

/**
 * Installs it, without scripts and without what it needs for syslog and Windows. It is no dependency of this package, since its optional
 * ones are built from source. Undefined where that fails.
 */
export async function installOriginalStatsd(): Promise<string | undefined> {
  if (originalStatsd() !== undefined) return originalStatsd();
  await mkdir(home, { recursive: true });
  const words = ['install', '--prefix', home, '--no-save', '--no-audit', '--no-fund', '--omit=optional'];
  const options = { timeout: 120_000 };
  await promisify(execFile)('npm', [...words, '--ignore-scripts', `statsd@${version}`], options).catch(
    () => undefined,
  );
  return originalStatsd();
}
