import type { KeyObject } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Json, JsonObject, Limits, Manifest, Permissions } from 'opsbro/sdk';
import { type LockEntry, readLock } from '../../sandbox/approval/lock.ts';
import { isSigned, readPublicKey, readSignature } from '../../sandbox/approval/signature.ts';
import { digestSource, readSource } from '../../sandbox/approval/source.ts';
import { permissionProblems } from '../../sandbox/grants/permissions.ts';
import { exceeds, type Rights } from '../../sandbox/grants/words.ts';
import { readLimits } from '../../sandbox/limits.ts';
import type { Scan } from '../sources/files.ts';
import type { Findings } from '../sources/findings.ts';
import { kindSchemas } from '../sources/kinds.ts';
import { runtimeOf } from '../sources/manifest-text.ts';
import { isMapping, splitFile } from '../sources/split.ts';
import { validate } from '../sources/validate.ts';

/** A key whose plugins need no further approval as long as they ask for no more than `ceiling`. */
export interface Signer {
  name: string;
  key: KeyObject;
  ceiling: Rights;
}

/** What `approve: signed` in agent.yml amounts to. */
export interface SignedRules {
  /** The lock of what was bundled because of its signature; the agent writes it. */
  lock: string;
  signers: readonly Signer[];
  entries: ReadonlyMap<string, LockEntry>;
  /** Why a plugin could not be bundled, by the digest of its files: it is not tried again. */
  failures: ReadonlyMap<string, string>;
}

/** A plugin that is signed and below the ceiling, and still to be bundled. */
export interface Unbundled {
  path: string;
  source: string;
  dependencies: string[];
  signature: string;
  /** Name of the key. */
  by: string;
}

/** What a signature is worth. `older`: what was bundled of the plugin before, by a key that still counts. */
export type SignedState =
  | { type: 'unsigned'; older?: LockEntry }
  | { type: 'refused'; waits: string; older?: LockEntry }
  | { type: 'bundled'; entry: LockEntry }
  | { type: 'unbundled'; unbundled: Unbundled; older?: LockEntry };

const maxKeys = 32;

/** Beside the last candidate of `plugins.lock`, which is in the agent's own data. */
export function signedLock(locks: readonly string[]): string {
  return join(dirname(locks.at(-1) ?? '/'), 'signed', 'plugins.lock');
}

/**
 * Reads `approve` and `plugin_keys` of agent.yml; null unless it says `signed`. Keys that are wrong count for nothing; that is told, but what
 * the schema says of agent.yml is told where all of it is checked.
 */
export function readSigners(scan: Scan, findings: Findings): Signer[] | null {
  let approve: Json | undefined;
  let keys:
    | { value: Json; place: (index: number) => { file: string; line: number; column: number } }
    | undefined;
  for (const file of scan.files.filter(({ base, root }) => base === 'agent' && root))
    for (const raw of splitFile(file, new Map()).objects.filter(({ kind }) => kind === 'agent')) {
      approve = raw.value.approve ?? approve;
      const value = raw.value.plugin_keys;
      if (value !== undefined)
        keys = { value, place: (index) => raw.locate(['plugin_keys', index, 'key'], 'value') };
    }
  if (approve !== 'signed') return null;
  const wanted: JsonObject = { approve, ...(keys && { plugin_keys: keys.value }) };
  if (keys === undefined || validate(kindSchemas.agent, wanted, 'agent.yml').length > 0) return [];
  return (keys.value as JsonObject[]).slice(0, maxKeys).flatMap((one, index): Signer[] => {
    try {
      return [readSigner(one)];
    } catch (thrown) {
      const { file, line, column } = keys.place(index);
      findings.error('OPSBRO_CONFIG_TYPE', `the key of '${one.name}': ${(thrown as Error).message}`, {
        file,
        line,
        column,
      });
      return [];
    }
  });
}

function readSigner({ name, key, ceiling }: JsonObject): Signer {
  const { permissions = {}, limits } = (isMapping(ceiling) ? ceiling : {}) as {
    permissions?: Permissions;
    limits?: Limits;
  };
  const [problem] = permissionProblems(permissions);
  if (problem !== undefined) throw new Error(problem.message);
  return {
    name: String(name),
    key: readPublicKey(String(key)),
    ceiling: { permissions, limits: readLimits(limits) },
  };
}

/** Reads what is known of signed plugins. A lock that cannot be trusted is a finding, and counts for nothing. */
export function readSignedRules(
  signers: readonly Signer[],
  locks: readonly string[],
  failures: ReadonlyMap<string, string>,
  findings: Findings,
): SignedRules {
  const lock = signedLock(locks);
  let entries: ReadonlyMap<string, LockEntry> = new Map();
  try {
    entries = readLock(lock);
  } catch (thrown) {
    findings.error('OPSBRO_CONFIG_UNSAFE', (thrown as Error).message, { file: lock, line: 1, column: 1 });
  }
  return { lock, signers, entries, failures };
}

/**
 * Judges the signature of dropped files. Whatever the agent's own lock says, what runs must be signed by a key that counts today, below that
 * key's ceiling, and no older than what was approved before.
 */
export function judgeSignature(
  path: string,
  isFolder: boolean,
  manifest: Manifest,
  pinned: LockEntry | undefined,
  rules: SignedRules,
): SignedState {
  const known = rules.entries.get(`${manifest.kind}/${manifest.name}`);
  const older =
    known !== undefined && signerOf(known.source, known.signature, rules) !== undefined ? known : undefined;
  const signature = readSignature(path, isFolder);
  if (signature === null) return { type: 'unsigned', ...(older && { older }) };
  const refused = (waits: string): SignedState => ({ type: 'refused', waits, ...(older && { older }) });
  let source: string;
  try {
    source = digestSource(readSource(path, signature.dependencies));
  } catch {
    return refused('files that its signature covers cannot be read');
  }
  const signer = signerOf(source, signature.signature, rules);
  if (signer === undefined) return refused('its signature is not by a key of agent.yml, or of other files');
  const above = exceeds(signer.ceiling, {
    permissions: manifest.permissions ?? {},
    limits: readLimits(manifest.limits),
  });
  if (above.length > 0)
    return refused(`signed by ${signer.name}, above the ceiling of that key: ${above.join(', ')}`);
  if (runtimeOf(manifest) === 'service')
    return refused(`signed by ${signer.name}, but a service needs trust`);
  // What a key approved that counts no more may not run, but a new key makes no version newer: only an operator goes back.
  const newest = [pinned?.version, known?.version].filter((version) => version !== undefined);
  const newer = newest.find((version) => isOlder(manifest.version, version));
  if (manifest.version === undefined)
    return refused(`signed by ${signer.name}, but its manifest has no version`);
  if (newer !== undefined)
    return refused(`signed by ${signer.name}, but version ${manifest.version} is older than ${newer}`);
  if (known?.source === source) return { type: 'bundled', entry: known };
  const failure = rules.failures.get(source);
  if (failure !== undefined) return refused(`signed by ${signer.name}: ${failure}`);
  const { dependencies } = signature;
  const unbundled = { path, source, dependencies, signature: signature.signature, by: signer.name };
  return { type: 'unbundled', unbundled, ...(older && { older }) };
}

/** The key that signed files of this digest. */
export function signerOf(
  source: string,
  signature: string | undefined,
  { signers }: SignedRules,
): Signer | undefined {
  return signature === undefined ? undefined : signers.find(({ key }) => isSigned(source, signature, key));
}

/** Versions are compared number by number; one that begins with no number is older than any. */
export function isOlder(version: string | undefined, other: string): boolean {
  const numbers = (text: string): number[] =>
    (/^v?(\d+(?:\.\d+)*)/.exec(text)?.[1] ?? '-1').split('.').map(Number);
  const [mine, theirs] = [numbers(version ?? ''), numbers(other)];
  for (let index = 0; index < Math.max(mine.length, theirs.length); index += 1) {
    const difference = (mine[index] ?? 0) - (theirs[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
