import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpsbroError } from '../core/errors.ts';
import { parseYaml } from './sources/yaml.ts';

/** One approved third-party plugin: `digest` pins its code, permissions and limits. */
export interface LockEntry {
  /** `<kind>/<name>`. */
  name: string;
  digest: string;
  /** Runs in a job thread with Node's full API instead of the sandbox. */
  trust: boolean;
}

const maxFiles = 500;
const maxBytes = 4 * 1024 * 1024;

/**
 * SHA-256 (hex) over a third-party plugin: one file, or every file of a folder with its relative name. Its manifest is part of it.
 * Throws OPSBRO_CONFIG_TOO_LARGE over 500 files or 4 MiB, OPSBRO_CONFIG_UNSAFE for links.
 */
export function digestPlugin(path: string): string {
  const hash = createHash('sha256');
  if (!statSync(path).isDirectory()) return hash.update(readFileSync(path)).digest('hex');
  let files = 0;
  let bytes = 0;
  const visit = (folder: string, prefix: string): void => {
    for (const name of readdirSync(folder).sort()) {
      const full = join(folder, name);
      const stats = lstatSync(full);
      if (stats.isDirectory()) visit(full, `${prefix}${name}/`);
      else if (!stats.isFile())
        throw new OpsbroError('OPSBRO_CONFIG_UNSAFE', `${full}: a plugin may hold only files and folders`);
      else {
        files += 1;
        bytes += stats.size;
        if (files > maxFiles || bytes > maxBytes)
          throw new OpsbroError(
            'OPSBRO_CONFIG_TOO_LARGE',
            `${path}: a plugin may have ${maxFiles} files and ${maxBytes} bytes`,
          );
        const content = readFileSync(full);
        hash.update(`${prefix}${name}\0${content.length}\0`).update(content);
      }
    }
  };
  visit(path, '');
  return hash.digest('hex');
}

/**
 * Reads the first of `candidates` that exists. Refuses (OPSBRO_CONFIG_UNSAFE) one that others than root and this user could have
 * written, and (OPSBRO_CONFIG_SYNTAX) one that is no list of plugins. None: no plugin is approved.
 */
export function readLock(candidates: readonly string[]): ReadonlyMap<string, LockEntry> {
  const path = candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
  if (path === undefined) return new Map();
  const stats = statSync(path);
  if ((stats.mode & 0o022) !== 0 || (stats.uid !== 0 && stats.uid !== process.getuid?.()))
    throw new OpsbroError(
      'OPSBRO_CONFIG_UNSAFE',
      `${path}: must belong to root or the agent's user and be writable by nobody else`,
    );
  const { documents, findings } = parseYaml(readFileSync(path, 'utf8'));
  const plugins = (documents[0]?.value as { plugins?: unknown } | undefined)?.plugins;
  if (findings.some(({ severity }) => severity === 'error') || !Array.isArray(plugins))
    throw new OpsbroError('OPSBRO_CONFIG_SYNTAX', `${path}: expected a mapping with a list 'plugins'`);
  const entries = (plugins as Partial<LockEntry>[]).filter(
    ({ name, digest }) => typeof name === 'string' && typeof digest === 'string',
  );
  return new Map(
    entries.map(({ name, digest, trust }) => [
      name!,
      { name: name!, digest: digest!, trust: trust === true },
    ]),
  );
}

/** Writes `plugins.lock` atomically, mode 0644. */
export function writeLock(path: string, entries: readonly LockEntry[]): void {
  writeFileSync(`${path}.new`, `${JSON.stringify({ version: 1, plugins: entries }, null, 2)}\n`, {
    mode: 0o644,
  });
  renameSync(`${path}.new`, path);
}
