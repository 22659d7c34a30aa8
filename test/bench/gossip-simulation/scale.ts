import { sealBytes } from '../../../plugins/cluster/gossip/seal.ts';
import {
  endpoint,
  type Seen,
  VirtualCluster,
} from '../../../plugins/cluster/gossip/simulation/virtual-cluster.ts';

const warmMs = 3000;
const settings = { youngExchangeMs: Number.POSITIVE_INFINITY };

/** What a pool of one size came to. Bytes are a node's, of datagrams with their seal. */
export interface ScaleRun {
  nodes: number;
  /** A second, while nothing happens. */
  quietBytes: number;
  /** Of full exchanges, a second, on average over their period. */
  exchangeBytes: number;
  /** Until all know a changed record. */
  toldMs: number;
  /** What that change cost beyond the quiet. */
  toldBytes: number;
  /** From a crash until the first, and until all, hold the member dead. */
  firstDeadMs: number;
  allDeadMs: number;
  cpuSeconds: number;
}

/** A pool of `nodes` that know each other: quiet for a while, then one changes its record, then one crashes. */
export function runScale(nodes: number, quietMs: number, seed: number): ScaleRun {
  const cpu = process.cpuUsage();
  let kind = '';
  const times: number[] = [];
  const note = ({ atMs, event }: Seen): void => {
    if (event.kind === kind) times.push(atMs);
  };
  const cluster = new VirtualCluster({
    nodes,
    seed,
    packed: true,
    acquainted: true,
    settings,
    onSeen: note,
  });
  cluster.time.pass(warmMs);
  const before = traffic(cluster);
  cluster.time.pass(quietMs);
  const quiet = traffic(cluster);
  const quietBytes = (quiet.bytes - before.bytes) / (quietMs / 1000);

  /** From now until `count` nodes saw `what`: of the first and of the last of them. */
  const seen = (what: string, count: number): [number, number] => {
    kind = what;
    times.length = 0;
    const startMs = cluster.time.now();
    const isDone = cluster.time.until(() => times.length >= count, 120_000);
    if (!isDone) return [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    return [(times[0] ?? 0) - startMs, (times.at(-1) ?? 0) - startMs];
  };
  const startMs = cluster.time.now();
  cluster.node('n1').update({ groups: ['redis'] });
  const [, toldMs] = seen('record', nodes - 1);
  // What was told is passed on a while after all know it.
  cluster.time.pass(5000);
  const told = traffic(cluster).bytes - quiet.bytes;
  const toldBytes = told - (quietBytes * (cluster.time.now() - startMs)) / 1000;
  cluster.crash('n2');
  const [firstDeadMs, allDeadMs] = seen('dead', nodes - 1);
  const { exchangeBytes } = traffic(cluster);
  const { user, system } = process.cpuUsage(cpu);
  return {
    nodes,
    quietBytes,
    exchangeBytes: exchangeBytes / (cluster.time.now() / 1000),
    toldMs,
    toldBytes,
    firstDeadMs,
    allDeadMs,
    cpuSeconds: (user + system) / 1e6,
  };
}

/** What became of a pool of which a share was cut off. */
export interface SplitRun {
  nodes: number;
  cutOff: number;
  /** Of all views across the cut, the share that was dead when it healed. */
  deadShare: number;
  /** From the healing until everybody held everybody alive. */
  healMs: number;
  /** Members that one held dead on its own side of the cut. */
  wrongDeaths: number;
  bytes: number;
  cpuSeconds: number;
}

/** Cuts `share` of a pool off for `cutMs`, heals, and waits until all agree again. */
export function runSplit(nodes: number, share: number, cutMs: number, seed: number): SplitRun {
  const cpu = process.cpuUsage();
  const cutOff = Math.round(nodes * share);
  const isFar = (name: string): boolean => Number.parseInt(name.slice(1), 10) < cutOff;
  const views = new Uint8Array(nodes * nodes);
  const count = { dead: 0, notAlive: 0, wrong: 0 };
  const note = ({ by, event }: Seen): void => {
    if (!('member' in event)) return;
    const { uuid, state } = event.member;
    const view = Number(by.slice(1)) * nodes + Number(uuid.slice(1));
    const code = state === 'alive' ? 0 : state === 'suspect' ? 1 : 2;
    count.notAlive += Math.sign(code) - Math.sign(views[view] ?? 0);
    count.dead += Number(code === 2) - Number(views[view] === 2);
    if (code === 2 && views[view] !== 2 && isFar(by) === isFar(uuid)) count.wrong += 1;
    views[view] = code;
  };
  const cluster = new VirtualCluster({
    nodes,
    seed,
    packed: true,
    acquainted: true,
    settings,
    onSeen: note,
  });
  cluster.time.pass(warmMs);
  cluster.network.cut((from, to) => isFar(from) !== isFar(to));
  cluster.time.pass(cutMs);
  const deadShare = count.dead / (2 * cutOff * (nodes - cutOff));
  const startMs = cluster.time.now();
  cluster.network.heal();
  const isHealed = cluster.time.until(() => count.notAlive === 0, 600_000);
  const healMs = isHealed ? cluster.time.now() - startMs : Number.POSITIVE_INFINITY;
  const { bytes } = traffic(cluster);
  const { user, system } = process.cpuUsage(cpu);
  return {
    nodes,
    cutOff,
    deadShare,
    healMs,
    wrongDeaths: count.wrong,
    bytes,
    cpuSeconds: (user + system) / 1e6,
  };
}

/** What a node sent since the start, on average. */
function traffic(cluster: VirtualCluster): { bytes: number; exchangeBytes: number } {
  const names = cluster.names();
  const sent = { bytes: 0, exchangeBytes: 0 };
  for (const name of names) {
    const { packets, bytes, exchangeBytes } = cluster.network.traffic(endpoint(name));
    sent.bytes += (bytes + packets * sealBytes) / names.length;
    sent.exchangeBytes += exchangeBytes / names.length;
  }
  return sent;
}
