import type { Permissions } from 'opsbro/sdk';
import { defaultLimits } from '../limits.ts';
import type { PluginLimits } from '../model.ts';
import { meansReserved } from './addresses.ts';
import { beyond, type GrantKind, grantKinds, readGrants } from './permissions.ts';

/** What a plugin may do and use up. */
export interface Rights {
  permissions: Permissions;
  limits: PluginLimits;
}

const verbs: { [Kind in GrantKind]-?: string } = {
  read: 'reads',
  http: 'requests',
  tcp: 'connects to',
  exec: 'runs',
  env: 'sees the variable',
  kv: 'keeps keys under',
};

/** Begins the description of a permission that amounts to much more than it seems. */
export const warningMark = '⚠';

/** Programs that run whatever their arguments or input say. */
const interpreters =
  /\/(?:(?:ba|da|z|k|c|tc|fi|a)?sh|busybox|env|sudo|su|doas|nsenter|unshare|chroot|xargs|find|awk|[gmn]awk|sed|ssh|socat|ncat|nc|curl|wget|docker|podman|kubectl|systemd-run|python[\d.]*|perl[\d.]*|ruby[\d.]*|node|php[\d.]*|lua[\d.]*|tclsh[\d.]*|gdb|strace|tar|vi|vim|less|more|git|make)$/;

/** What nobody may read who is not to become somebody else. A pattern that reaches one of them is worth a second look. */
const secrets = [
  '/etc/shadow',
  '/etc/gshadow',
  '/etc/sudoers',
  '/root',
  '/home/*/.ssh',
  '/home/*/.aws',
  '/etc/ssl/private/host.key',
  '/etc/ssh/ssh_host_ed25519_key',
  '/etc/opsbro/agent.yml',
  '/proc/1/environ',
  '/proc/1/mem',
  '/proc/self/environ',
  '/proc/kcore',
  '/dev/mem',
  '/dev/sda',
];

/**
 * What a plugin may do and use up, in words a person can judge, the most far-reaching kinds first marked with a warning where they amount to
 * much: `reads /var/spool/postfix/**`, `⚠ runs /bin/sh -c ... (a program that runs anything)`, `uses at most 64 MiB, 200 ms of CPU a run`,
 * and every other limit that is above its default.
 */
export function describePermissions(permissions: Permissions, limits: PluginLimits): string[] {
  const lines = grantKinds.flatMap((kind) => (permissions[kind] ?? []).map((text) => describe(kind, text)));
  if (lines.length === 0) lines.push('reads, runs and connects to nothing');
  const unusual = (Object.keys(limitWords) as (keyof PluginLimits)[]).filter(
    (name) => name !== 'memoryBytes' && name !== 'cpuMs' && limits[name] > defaultLimits[name],
  );
  const most = [
    `${size(limits.memoryBytes)}, ${time(limits.cpuMs)} of CPU a run`,
    ...unusual.map((name) => limitWords[name](limits[name])),
  ];
  return [...lines, `uses at most ${most.join(', ')}`];
}

/** What `asked` has that `approved` has not, in words; empty when it is equal or narrower. Conservative: in doubt it is wider. */
export function widens(approved: Rights, asked: Rights): string[] {
  return exceeds(approved, asked);
}

/** What `asked` has beyond a ceiling, in words; limits that the ceiling leaves out are free. Conservative: in doubt it is beyond. */
export function exceeds(
  ceiling: { permissions: Permissions; limits?: Partial<PluginLimits> },
  asked: Rights,
): string[] {
  const permissions = grantKinds.flatMap((kind) =>
    beyond(kind, ceiling.permissions, asked.permissions).map((text) => describe(kind, text)),
  );
  const limits = (Object.keys(limitWords) as (keyof PluginLimits)[]).flatMap((name) => {
    const most = ceiling.limits?.[name];
    if (most === undefined || asked.limits[name] <= most) return [];
    const word = limitWords[name];
    return [`up to ${word(asked.limits[name])} instead of ${word(most)}`];
  });
  return [...permissions, ...limits];
}

const limitWords: { [name in keyof PluginLimits]: (value: number) => string } = {
  cpuMs: (value) => `${time(value)} of CPU a run`,
  cpuPerMinuteMs: (value) => `${time(value)} of CPU a minute`,
  memoryBytes: (value) => `${size(value)} of memory`,
  outputBytes: (value) => `${size(value)} of output a run`,
  metrics: (value) => `${value} metrics`,
  logLines: (value) => `${value} lines of log a run`,
  hostCalls: (value) => `${value} calls of the host a run`,
};

function describe(kind: GrantKind, text: string): string {
  const danger = dangers[kind](text);
  return danger === undefined
    ? `${verbs[kind]} ${text}`
    : `${warningMark} ${verbs[kind]} ${text} (${danger})`;
}

const dangers: { [Kind in GrantKind]-?: (text: string) => string | undefined } = {
  read: (text) => {
    if (beyond('read', { read: [text] }, { read: ['/**'] }).length === 0) return 'every file of this host';
    const reached = secrets.find((path) => beyond('read', { read: [text] }, { read: [path] }).length === 0);
    if (reached === undefined) return undefined;
    return reached === text ? 'what none but root should know' : `also such as ${reached}`;
  },
  http: (text) => {
    const [pattern] = readGrants({ http: [text] }).http;
    if (pattern?.host.kind === 'any') return 'any host';
    return networkDanger(pattern?.host);
  },
  tcp: (text) => networkDanger(readGrants({ tcp: [text] }).tcp[0]?.host),
  exec: (text) => {
    const [pattern] = readGrants({ exec: [text] }).exec;
    if (pattern?.file == null) return 'any program';
    return interpreters.test(pattern.file) ? 'a program that can run or reach anything' : undefined;
  },
  env: (text) => (text === '*' ? "all of the agent's environment" : secretName(text)),
  kv: () => undefined,
};

function networkDanger(
  host: ReturnType<typeof readGrants>['tcp'][number]['host'] | undefined,
): string | undefined {
  if (host?.kind === 'any') return 'any host';
  if (host?.kind !== 'range') return undefined;
  if (host.range.bits < 8) return 'nearly any host';
  return meansReserved(host.range)
    ? "the link or a cloud's metadata, which hands out credentials"
    : undefined;
}

function secretName(text: string): string | undefined {
  return /KEY|TOKEN|SECRET|PASS|CREDENTIAL/i.test(text) ? 'may be a secret' : undefined;
}

function size(bytes: number): string {
  const [unit, scale] = bytes >= 2 ** 20 ? ['MiB', 2 ** 20] : bytes >= 1024 ? ['KiB', 1024] : ['bytes', 1];
  return `${Math.round((bytes / (scale as number)) * 10) / 10} ${unit}`;
}

function time(ms: number): string {
  return ms >= 10_000 || (ms >= 1000 && ms % 1000 === 0) ? `${Math.round(ms / 100) / 10} s` : `${ms} ms`;
}
