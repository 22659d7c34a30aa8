import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runtimeOf } from '../../configuration/sources/manifest-text.ts';
import { OpsbroError } from '../../core/errors.ts';
import type { Bundle } from '../bundle.ts';
import { readLimits } from '../limits.ts';
import { type BundleOptions, bundlePlugin } from './bundler.ts';
import { dropUnnamed, keepBundle, readKept } from './kept.ts';
import { type LockEntry, readLock, updateLock } from './lock.ts';
import { dependenciesOf } from './source.ts';

/** What an operator is asked to approve. Whatever happens to the files meanwhile, this is what will be pinned. */
export interface Proposal {
  /** `<kind>/<name>`. */
  name: string;
  path: string;
  bundle: Bundle;
  source: string;
  dependencies: string[];
  trust: boolean;
  /** What was approved before, and its bundle where it is still whole. */
  before: { entry: LockEntry; bundle: Bundle | null } | null;
}

/**
 * Bundles what was dropped at `path`, beside what the lock has of it. Runs none of its code, writes nothing. Throws what `bundlePlugin` and
 * `readLock` throw, and OPSBRO_CLI_USAGE for a service that is not to be trusted.
 */
export async function proposeApproval(
  path: string,
  lock: string,
  options: BundleOptions = {},
): Promise<Proposal> {
  const { bundle, sourceDigest, source } = await bundlePlugin(path, options);
  const name = `${bundle.manifest.kind}/${bundle.manifest.name}`;
  const trust = options.trust === true;
  if (!trust && runtimeOf(bundle.manifest) === 'service')
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `${name} is a service, which the sandbox cannot run; approve it with --trust`,
    );
  const entry = readLock(lock).get(name);
  const before = entry === undefined ? null : { entry, bundle: keptOf(lock, entry) };
  return { name, path, bundle, source: sourceDigest, dependencies: dependenciesOf(source), trust, before };
}

function keptOf(lock: string, entry: LockEntry): Bundle | null {
  try {
    return readKept(lock, entry);
  } catch {
    return null;
  }
}

/**
 * Pins a proposal: first the bundle is kept, then the lock names it. The version of before stays until the next change of the lock, for
 * what still runs it. Throws what `keepBundle` and `updateLock` throw.
 */
export async function recordApproval(
  proposal: Proposal,
  lock: string,
  who: { by: string; at: string; signature?: string },
): Promise<LockEntry> {
  const { name, path, bundle, source, dependencies, trust } = proposal;
  const { manifest } = bundle;
  let recorded: LockEntry | undefined;
  await updateLock(lock, async (entries) => {
    const digest = await keepBundle(lock, bundle, trust);
    recorded = {
      name,
      digest,
      source,
      dependencies,
      trust,
      path,
      ...(manifest.version !== undefined && { version: manifest.version }),
      permissions: manifest.permissions ?? {},
      limits: readLimits(manifest.limits),
      approved: who.at,
      by: who.by,
      ...(who.signature !== undefined && { signature: who.signature }),
    };
    await dropUnnamed(lock, [...entries, recorded]);
    return [...entries.filter((entry) => entry.name !== name), recorded];
  });
  return recorded as LockEntry;
}

/** Takes an approval back, with the code that was kept. False when there was none. */
export async function revokeApproval(lock: string, name: string): Promise<boolean> {
  if (!readLock(lock).has(name)) return false;
  await updateLock(lock, async (entries) => {
    const left = entries.filter((entry) => entry.name !== name);
    // While nobody else can have kept what no lock names yet; code that is gone does not run, whatever becomes of the lock.
    await dropUnnamed(lock, left);
    return left;
  });
  return true;
}

/** A plugin whose signature was found to be enough. */
export interface SignedPlugin {
  path: string;
  /** The digest that was signed. */
  source: string;
  dependencies: readonly string[];
  signature: string;
  /** Name of the key. */
  by: string;
}

/** Bundles and pins a signed plugin in the agent's own lock. Resolves with why that failed, or null. */
export async function bundleSigned(plugin: SignedPlugin, lock: string): Promise<string | null> {
  const { path, source, dependencies, signature, by } = plugin;
  try {
    await mkdir(dirname(lock), { recursive: true, mode: 0o755 });
    const proposal = await proposeApproval(path, lock, { dependencies });
    // Another write came between; it is judged by the next load.
    if (proposal.source !== source) return null;
    await recordApproval(proposal, lock, { by: `key ${by}`, at: new Date().toISOString(), signature });
    return null;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}
