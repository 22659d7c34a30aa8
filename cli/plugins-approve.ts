import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { isOlder } from '../configuration/plugins/signed.ts';
import type { PluginView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import {
  type Proposal,
  proposeApproval,
  recordApproval,
  revokeApproval,
} from '../sandbox/approval/approve.ts';
import { diffBundles } from '../sandbox/approval/diff.ts';
import { readLock } from '../sandbox/approval/lock.ts';
import { bundleText, digestText } from '../sandbox/bundle.ts';
import { describePermissions, widens } from '../sandbox/grants/words.ts';
import { readLimits } from '../sandbox/limits.ts';
import type { CliContext } from './context.ts';
import { openDropped } from './dropped-plugins.ts';
import { pickPlugin, pluginPath } from './plugin-names.ts';
import { plain, visible } from './table.ts';
import { isNotRunning } from './wait.ts';

interface ApproveOptions {
  yes?: boolean;
  trust?: boolean;
  full?: boolean;
}

const reloadTimeoutMs = 60_000;
const maxShownLines = 200;

/** Adds the verbs of `opsbro plugins` by which an operator says what strangers' code may run. They need no agent. */
export function registerApproval(noun: Command, cli: CliContext): void {
  noun
    .command('approve <name>')
    .description('let a third-party plugin run, as it is now, with what it asks for; says first what that is')
    .option('--yes', 'do not ask')
    .option('--trust', "outside the sandbox, with all of Node's API and all rights of the agent's user")
    .option('--full', 'show all changed lines, however many')
    .action((name: string, options: ApproveOptions) => approve(cli, name, options));
  noun
    .command('revoke <name>')
    .description('take an approval back: the plugin stops, and waits again')
    .action((name: string) => revoke(cli, name));
}

async function approve(cli: CliContext, given: string, options: ApproveOptions): Promise<void> {
  const dropped = await openDropped(cli);
  const { path } = dropped.find(given);
  const lock = dropped.lock();
  const proposal = await proposeApproval(path, lock, { trust: options.trust === true });
  const view = viewOf(proposal);
  const say = cli.options().json ? () => {} : (text: string) => cli.note(text);
  say(proposalText(cli, proposal, view, options.full === true));
  if (view.approved) return cli.show(view, () => `OK: ${view.id} is approved as it is`);
  if (options.yes !== true && !(await isAgreed(cli, view.id))) return;
  const entry = await recordApproval(proposal, lock, { by: who(cli), at: new Date().toISOString() });
  const told = await tellAgent(cli, view.id);
  const outcome = told === null ? 'no agent runs; the next one runs it' : stateText(told);
  cli.show(
    { ...view, approved: true, lock, entry, state: told?.state ?? null },
    () => `OK: ${view.id} is approved in ${lock}; ${outcome}`,
  );
}

/** What `plugins approve --json` prints of a proposal. */
interface ProposalView {
  id: string;
  path: string;
  summary: string;
  version: string | null;
  trust: boolean;
  rights: string[];
  /** What it asks for beyond what was approved. */
  wider: string[];
  diff: string[];
  digest: string;
  before: { digest: string; approved: string; by: string; version: string | null } | null;
  approved: boolean;
}

function viewOf(proposal: Proposal): ProposalView {
  const { name, path, bundle, trust, before } = proposal;
  const { summary, version = null, permissions = {}, limits } = bundle.manifest;
  const rights = { permissions, limits: readLimits(limits) };
  const old = before?.bundle?.manifest;
  const { entry } = before ?? {};
  return {
    id: name,
    path,
    summary,
    version,
    trust,
    rights: describePermissions(permissions, rights.limits),
    wider: old ? widens({ permissions: old.permissions ?? {}, limits: readLimits(old.limits) }, rights) : [],
    diff: before?.bundle ? diffBundles(before.bundle, bundle) : [],
    digest: digestText(bundleText(bundle)),
    before: entry
      ? { digest: entry.digest, approved: entry.approved, by: entry.by, version: entry.version ?? null }
      : null,
    approved: before?.bundle != null && entry?.source === proposal.source && entry.trust === trust,
  };
}

function proposalText(cli: CliContext, { before }: Proposal, view: ProposalView, isFull: boolean): string {
  const { paint } = cli;
  const version = view.version === null ? '' : ` ${plain(view.version)}`;
  const lines = [`${paint.bold(view.id + version)}  ${paint.dim(plain(view.path))}`, plain(view.summary), ''];
  if (view.trust)
    lines.push(
      paint.red("it runs outside the sandbox: it may do whatever the agent's user may. It says that it"),
    );
  else lines.push('it will be able to do this and nothing else. It');
  for (const right of view.rights) lines.push(`  ${paintRight(cli, plain(right))}`);
  if (view.before !== null && !view.approved) {
    lines.push(
      '',
      `approved before: ${view.before.approved} by ${plain(view.before.by)}, digest ${view.before.digest.slice(0, 16)}`,
    );
    const old = view.before.version;
    if (old !== null && isOlder(view.version ?? undefined, old))
      lines.push(paint.red(`this version is older than ${plain(old)}, which was approved`));
    if (before?.bundle == null) lines.push('what was kept of that is gone, so nothing can be compared');
    else if (view.wider.length === 0) lines.push('it asks for nothing more than that');
    for (const right of view.wider) lines.push(paint.red(`  + ${plain(right)}`));
    lines.push(...diffText(cli, view.diff, isFull));
  }
  return [...lines, '', `${paint.dim('digest')} ${view.digest}`].join('\n');
}

function paintRight(cli: CliContext, text: string): string {
  return text.startsWith('⚠') ? cli.paint.red(text) : text;
}

function diffText(cli: CliContext, diff: string[], isFull: boolean): string[] {
  const { paint } = cli;
  const shown = isFull ? diff : diff.slice(0, maxShownLines);
  const left = diff.length - shown.length;
  const lines = shown.map((line) => {
    const text = visible(line);
    if (line.startsWith('---') || line.startsWith('+++')) return paint.bold(text);
    if (line.startsWith('+')) return paint.green(text);
    return line.startsWith('-') ? paint.red(text) : paint.dim(text);
  });
  return left === 0
    ? lines
    : [...lines, paint.yellow(`${left} more lines changed that are not shown here; --full shows them`)];
}

async function isAgreed(cli: CliContext, id: string): Promise<boolean> {
  const answer = await cli.process.ask?.(`approve ${id}? [y/N] `);
  if (answer === undefined || answer === null)
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `nobody can be asked here; to approve ${id} as shown add --yes`,
    );
  if (/^y(es)?$/i.test(answer.trim())) return true;
  cli.note(`${id} is not approved`);
  cli.exitCode = 1;
  return false;
}

async function revoke(cli: CliContext, given: string): Promise<void> {
  const dropped = await openDropped(cli);
  const { list } = dropped;
  const lock = dropped.lock();
  const entries = readLock(lock);
  const signed = list.filter(({ entry }) => entry.approved?.by.startsWith('key ') && !entries.has(entry.id));
  const ids = [...entries.keys(), ...signed.map(({ entry }) => entry.id)];
  const id = pickPlugin(given, ids, `${lock} approves nothing of that name`);
  if (!entries.has(id))
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `${id} is signed, and agent.yml lets it run; take its key from plugin_keys, or quarantine it`,
    );
  await revokeApproval(lock, id);
  const told = await tellAgent(cli, id);
  cli.show(
    { id, revoked: true, lock, state: told?.state ?? null },
    () => `OK: ${id} is no longer approved in ${lock}`,
  );
}

/** Has a running agent look at the lock at once; null when none runs. */
async function tellAgent(cli: CliContext, id: string): Promise<{ state: PluginView['state'] | null } | null> {
  const client = await cli.agent();
  try {
    await client.request('POST', '/api/v1/agent/reload', {}, { timeoutMs: reloadTimeoutMs });
    const { state } = await client.request<PluginView>('GET', pluginPath(id));
    return { state };
  } catch (error) {
    if (isNotRunning(error)) return null;
    return { state: null };
  }
}

function stateText({ state }: { state: PluginView['state'] | null }): string {
  if (state === null) return 'the agent that runs does not have it';
  if (state === 'pending') return "the agent that runs does not take it; see 'opsbro config status'";
  return state === 'quarantined' ? "it is quarantined; see 'opsbro plugins release'" : 'the agent runs it';
}

/** Root by `sudo` is somebody. */
function who({ process: { env } }: CliContext): string {
  let name: string;
  try {
    name = userInfo().username;
  } catch {
    name = `user ${process.getuid?.() ?? '?'}`;
  }
  return env.SUDO_USER ? `${env.SUDO_USER} as ${name}` : name;
}
