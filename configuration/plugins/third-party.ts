import { dirname } from 'node:path';
import type { Manifest } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import { keptModule, keptPath, readKept } from '../../sandbox/approval/kept.ts';
import { type LockEntry, lockPath, readLock } from '../../sandbox/approval/lock.ts';
import { digestSource, readSource } from '../../sandbox/approval/source.ts';
import type { Bundle } from '../../sandbox/bundle.ts';
import { describePermissions, exceeds, type Rights, widens } from '../../sandbox/grants/words.ts';
import { readLimits } from '../../sandbox/limits.ts';
import type { PluginEntry } from '../model.ts';
import type { Scan } from '../sources/files.ts';
import type { Findings } from '../sources/findings.ts';
import { checkOptionSchema, manifestHeader, parseManifest, runtimeOf } from '../sources/manifest-text.ts';
import {
  judgeSignature,
  readSignedRules,
  readSigners,
  type SignedRules,
  type SignedState,
  signerOf,
  type Unbundled,
} from './signed.ts';

/** What operators approved, the lock that says so, and what signatures amount to. */
export interface Approved {
  lock: string;
  entries: ReadonlyMap<string, LockEntry>;
  /** null unless agent.yml says `approve: signed`. */
  signed: SignedRules | null;
  /** Filled with the signed plugins that are still to be bundled. */
  unbundled: Unbundled[];
}

/** Reads the locks that count. One that cannot be trusted is a finding, and approves nothing. */
export function readApproved(
  scan: Scan,
  locks: readonly string[],
  failures: ReadonlyMap<string, string>,
  findings: Findings,
): Approved {
  const nothing: Approved = { lock: '', entries: new Map(), signed: null, unbundled: [] };
  if (scan.plugins.length === 0) return nothing;
  const signers = readSigners(scan, findings);
  const signed = signers && readSignedRules(signers, locks, failures, findings);
  const lock = lockPath(locks) ?? '';
  try {
    return { ...nothing, lock, entries: readLock(lock), signed };
  } catch (thrown) {
    if (!(thrown instanceof OpsbroError)) throw thrown;
    findings.error(thrown.code, thrown.message, { file: lock, line: 1, column: 1 });
    return { ...nothing, signed };
  }
}

type Found = Scan['plugins'][number];

/**
 * What a dropped plugin comes to. Only what was approved ever runs, from the kept bundle with the bundle's own manifest: the files as they
 * are now, and what the lock says for people to read, decide nothing but whether they are the same.
 */
export function thirdParty(found: Found, approved: Approved, findings: Findings): PluginEntry | undefined {
  const { path, file } = found;
  const place = { file: file.path, line: 1, column: 1 };
  const manifest = manifestOf(found, findings);
  if (manifest === undefined) {
    const known = [...approved.entries.values()].find((entry) => entry.path === path);
    return known && approvedEntry(found, known, approved.lock, 'its manifest has errors', findings);
  }
  const pinned = approved.entries.get(`${manifest.kind}/${manifest.name}`);
  try {
    return judge(found, manifest, pinned, approved, findings);
  } catch (thrown) {
    if (!(thrown instanceof OpsbroError)) throw thrown;
    findings.error(thrown.code, thrown.message, place);
    return pinned && approvedEntry(found, pinned, approved.lock, 'its files cannot be read', findings);
  }
}

/** What an operator approved counts first, then what a key did, then what either approved of it before. */
function judge(
  found: Found,
  manifest: Manifest,
  pinned: LockEntry | undefined,
  { lock, signed, unbundled }: Approved,
  findings: Findings,
): PluginEntry | undefined {
  const digest = digestOf(found.path, pinned);
  const same =
    pinned?.source === digest ? approvedEntry(found, pinned, lock, undefined, findings) : undefined;
  if (same !== undefined) return same;
  const isFolder = found.path !== found.file.path;
  const state: SignedState =
    signed === null ? { type: 'unsigned' } : judgeSignature(found.path, isFolder, manifest, pinned, signed);
  if (state.type === 'unbundled') unbundled.push(state.unbundled);
  if (state.type === 'bundled') {
    const entry = signedEntry(found, state.entry, signed as SignedRules, undefined, findings);
    if (entry !== undefined) return entry;
  }
  const [header, firstLine] = headerOf(found);
  if (!checkOptionSchema(header ?? '', found.file.path, firstLine, findings))
    return pinned && approvedEntry(found, pinned, lock, 'its manifest has errors', findings);
  const waits = state.type === 'refused' ? state.waits : undefined;
  const older = state.type === 'bundled' ? undefined : state.older;
  const isNewer = older !== undefined && (pinned === undefined || older.approved > pinned.approved);
  const before = isNewer
    ? signedEntry(found, older, signed as SignedRules, waits ?? manifest, findings)
    : pinned && approvedEntry(found, pinned, lock, waits ?? manifest, findings);
  if (before !== undefined) return before;
  const rights = inWords(manifest);
  const why = waits ?? (state.type === 'unbundled' ? 'it is signed, and being bundled' : whyNot(pinned));
  return { ...base(found, manifest), module: null, approval: 'pending', digest, waits: why, rights };
}

/** What a key approved, as long as the bundle itself is below the ceiling of that key. */
function signedEntry(
  found: Found,
  known: LockEntry,
  rules: SignedRules,
  change: Manifest | string | undefined,
  findings: Findings,
): PluginEntry | undefined {
  const entry = known.trust ? undefined : approvedEntry(found, known, rules.lock, change, findings);
  const ceiling = signerOf(known.source, known.signature, rules)?.ceiling;
  if (entry?.sandbox === undefined || ceiling === undefined) return undefined;
  return exceeds(ceiling, entry.sandbox).length === 0 ? entry : undefined;
}

function whyNot(pinned: LockEntry | undefined): string {
  if (pinned === undefined) return 'nobody approved it';
  return pinned.source === ''
    ? 'it was approved for an older OpsBro'
    : 'what was kept of it is not what was approved';
}

function rightsOf({ permissions = {}, limits }: Manifest): Rights {
  return { permissions, limits: readLimits(limits) };
}

function inWords(manifest: Manifest): string[] {
  const { permissions, limits } = rightsOf(manifest);
  return describePermissions(permissions, limits);
}

/** How what was dropped differs from what was approved, as far as that can be told without reading code. */
function changeOf(approved: Manifest, dropped: Manifest): string {
  const wider = widens(rightsOf(approved), rightsOf(dropped));
  if (wider.length > 0) return `its files changed, and it asks for more: ${wider.join(', ')}`;
  const isNarrower = widens(rightsOf(dropped), rightsOf(approved)).length > 0;
  return `its files changed; it asks for ${isNarrower ? 'less than' : 'the same as'} before`;
}

function base(
  { path, file }: Found,
  manifest: Manifest,
): Pick<PluginEntry, 'id' | 'manifest' | 'folder' | 'file' | 'origin'> {
  const folder = path === file.path ? dirname(path) : path;
  return {
    id: `${manifest.kind}/${manifest.name}`,
    manifest,
    folder,
    file: file.path,
    origin: 'third-party',
  };
}

/** The text of the manifest, null where it does not end, and how many lines of its file stand above it. */
function headerOf({ path, file }: Found): [text: string | null, firstLine: number] {
  const isSingle = path === file.path;
  const text = file.bytes.toString('utf8');
  return [isSingle ? manifestHeader(text) : text, isSingle ? 1 : 0];
}

function manifestOf(found: Found, findings: Findings): Manifest | undefined {
  const [header, firstLine] = headerOf(found);
  const file = found.file.path;
  const place = { file, line: 1, column: 1 };
  const code = 'OPSBRO_PLUGIN_MANIFEST';
  if (header === null)
    return findings.error(code, "the manifest after '/*---' does not end with '---*/'", place);
  const manifest = parseManifest(header, file, firstLine, findings);
  const runs = manifest && runtimeOf(manifest);
  if (runs !== 'expression' && runs !== 'guest') return manifest;
  return findings.error(code, `only what ships with OpsBro can say 'runs: ${runs}'; leave it out`, place);
}

/** A dependency that is gone is a change. */
function digestOf(path: string, pinned: LockEntry | undefined): string {
  try {
    return digestSource(readSource(path, pinned?.dependencies));
  } catch {
    return digestSource(readSource(path));
  }
}

/** The approved version, or undefined when what is kept of it is not what was approved; that is told. */
function approvedEntry(
  found: Found,
  pinned: LockEntry,
  lock: string,
  change: Manifest | string | undefined,
  findings: Findings,
): PluginEntry | undefined {
  if (pinned.source === '') return undefined;
  const place = { file: found.file.path, line: 1, column: 1 };
  let bundle: Bundle;
  try {
    bundle = readKept(lock, pinned);
  } catch (thrown) {
    if (!(thrown instanceof OpsbroError)) throw thrown;
    return findings.warning(thrown.code, thrown.message, place);
  }
  const { manifest } = bundle;
  const { digest, trust } = pinned;
  const { permissions, limits } = rightsOf(manifest);
  if (isOther(pinned.permissions, permissions) || (pinned.limits !== null && isOther(pinned.limits, limits)))
    findings.warning(
      'OPSBRO_PLUGIN_LOCK',
      `${lock} was edited: it does not say what ${pinned.name} may do; what was approved holds`,
      place,
    );
  const common = {
    ...base(found, manifest),
    digest,
    approved: { at: pinned.approved, by: pinned.by },
    rights: inWords(manifest),
    ...(change !== undefined && { waits: typeof change === 'string' ? change : changeOf(manifest, change) }),
  };
  if (trust) return { ...common, module: keptModule(lock, digest), approval: 'trusted' };
  if (runtimeOf(manifest) === 'service')
    return findings.warning(
      'OPSBRO_PLUGIN_LOCK',
      `${pinned.name} is a service, and was not approved with --trust`,
      place,
    );
  const sandbox = { bundle: keptPath(lock, digest), digest, permissions, limits };
  return { ...common, module: null, sandbox, approval: 'approved' };
}

function isOther(one: object, other: object): boolean {
  const sorted = (value: object): string =>
    JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(one) !== sorted(other);
}
