import type { Command } from 'commander';
import type { ClusterNode, NodesSnapshot } from 'opsbro/sdk';
import type { CliContext } from '../context.ts';
import type { Paint } from '../paint.ts';
import { formatAge, formatCount } from '../quantities.ts';
import { type Column, plain } from '../table.ts';
import { readNodes } from './ask.ts';

/** Adds `opsbro gossip members`. */
export function registerMembers(noun: Command, cli: CliContext): void {
  noun
    .command('members')
    .description('every node of the cluster by zone: its state, address, failing groups and groups')
    .option('--detail', 'also uuid, version, incarnation and all addresses')
    .action(async (options: { detail?: boolean }) => {
      const snapshot = await readNodes(cli);
      cli.show(withTimes(snapshot), () => membersText(cli, snapshot, options.detail === true, Date.now()));
    });
}

/** RFC 3339 for epoch milliseconds; null for what is no time. */
export function timeText(ms: number): string | null {
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
}

/** A snapshot as `--json` prints it: times are text. */
function withTimes({ nodes, ...rest }: NodesSnapshot): unknown {
  return { ...rest, nodes: nodes.map((node) => ({ ...node, since: timeText(node.since) })) };
}

/** Colours the state of a node. */
export function paintNodeState(paint: Paint, state: string): string {
  if (state === 'alive') return paint.green(state);
  if (state === 'suspect') return paint.yellow(state);
  return state === 'dead' ? paint.red(state) : paint.dim(state);
}

/** `name`, and the display name where it is another one. */
export function nodeText({
  name,
  display_name: display,
}: Pick<ClusterNode, 'name' | 'display_name'>): string {
  return display === '' || display === name ? name : `${name} [${display}]`;
}

function membersText(cli: CliContext, snapshot: NodesSnapshot, isDetailed: boolean, now: number): string {
  const { nodes, zones, zone: own } = snapshot;
  const names = [...new Set([...zones.map(({ name }) => name), ...nodes.map(({ zone }) => zone)])];
  const ordered = names.sort(
    (left, right) => Number(right === own) - Number(left === own) || (left < right ? -1 : 1),
  );
  const columns = columnsOf(cli, snapshot.self, isDetailed, now);
  const parts = ordered.map((name) => {
    const members = nodes.filter(({ zone }) => zone === name);
    const table = members.length === 0 ? cli.paint.dim('no node is seen') : cli.table(columns, members);
    return `${zoneTitle(cli, snapshot, name, members)}\n${table}`;
  });
  const lost = new Set(zones.filter(({ unreachable }) => unreachable).map(({ name }) => name));
  return [...parts, summaryText(cli, nodes, names.length, lost)].join('\n\n');
}

function zoneTitle(
  cli: CliContext,
  { zone: own, zones }: NodesSnapshot,
  name: string,
  members: ClusterNode[],
): string {
  const { paint } = cli;
  const known = zones.find((one) => one.name === name);
  const facts = [
    ...(name === own ? ['this node is in it'] : []),
    ...(known?.parent == null ? [] : [`below ${plain(known.parent)}`]),
    formatCount(members.length, 'node'),
  ];
  const reach =
    known?.unreachable === true ? `  ${paint.red('unreachable: all of its proxies are gone')}` : '';
  return `${paint.bold(`zone ${plain(name) || '-'}`)}  ${paint.dim(facts.join(', '))}${reach}`;
}

function columnsOf(cli: CliContext, self: string, isDetailed: boolean, now: number): Column<ClusterNode>[] {
  const { paint } = cli;
  const mark = ({ uuid, proxy }: ClusterNode): string =>
    [...(uuid === self ? ['this one'] : []), ...(proxy ? ['proxy'] : [])].join(', ');
  const detail: Column<ClusterNode>[] = [
    { title: 'UUID', text: (one) => one.uuid },
    { title: 'VERSION', text: (one) => one.version || '-' },
    { title: 'PROTOCOL', text: (one) => one.protocol.join('-') },
    { title: 'INCARNATION', text: (one) => String(one.incarnation), align: 'right' },
    { title: 'CHECKS', text: (one) => String(one.checks_version), align: 'right' },
  ];
  return [
    { title: 'NODE', text: nodeText },
    {
      title: 'STATE',
      text: (one) => one.state,
      paint: (text, one) => repaint(text, paintNodeState(paint, one.state), one.state),
    },
    { title: 'SINCE', text: (one) => formatAge(timeText(one.since), now), align: 'right' },
    {
      title: isDetailed ? 'ADDRESSES' : 'ADDRESS',
      text: ({ addresses, port }) => endpointsText(isDetailed ? addresses : addresses.slice(0, 1), port),
    },
    { title: 'IS', text: mark },
    ...(isDetailed ? detail : []),
    {
      title: 'FAILING',
      text: (one) => one.failing.join(', ') || '-',
      paint: (text) => (text.trim() === '-' ? paint.dim(text) : paint.red(text)),
    },
    { title: 'GROUPS', text: (one) => one.groups.join(', ') },
  ];
}

/** A cut text is left as it is. */
function repaint(text: string, painted: string, whole: string): string {
  return text === whole ? painted : text;
}

function endpointsText(addresses: string[], port: number): string {
  return addresses.map((one) => (one.includes(':') ? `[${one}]:${port}` : `${one}:${port}`)).join(', ');
}

function summaryText(
  cli: CliContext,
  nodes: ClusterNode[],
  zones: number,
  lost: ReadonlySet<string>,
): string {
  const counts = (['alive', 'suspect', 'dead', 'leave'] as const).flatMap((state) => {
    const those = nodes.filter((one) => one.state === state);
    const unheard = state === 'alive' ? those.filter(({ zone }) => lost.has(zone)).length : 0;
    const note = unheard === 0 ? '' : ` (${unheard} of them in a zone that is out of reach)`;
    return those.length === 0 ? [] : [`${those.length} ${paintNodeState(cli.paint, state)}${note}`];
  });
  const failing = nodes.filter((one) => one.failing.length > 0).length;
  const trouble = failing === 0 ? '' : `; ${cli.paint.red(`checks fail on ${failing}`)}`;
  return `${formatCount(nodes.length, 'node')} in ${formatCount(zones, 'zone')}: ${counts.join(', ')}${trouble}`;
}
