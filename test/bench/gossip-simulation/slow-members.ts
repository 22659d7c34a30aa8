import { sealBytes } from '../../../plugins/cluster/gossip/seal.ts';
import { endpoint, VirtualCluster } from '../../../plugins/cluster/gossip/simulation/virtual-cluster.ts';

/** Members of the pool in which some are slow. */
export const poolSize = 128;
/** A pool is watched undisturbed first, and at the end until what was wrong is put right. */
const quietMs = 10_000;

/** `blocked` members hang together for `durationMs`, run for `intervalMs`, hang again, and so on for `lengthMs`. */
export interface Slowness {
  blocked: number;
  durationMs: number;
  intervalMs: number;
  lengthMs: number;
}

/** What one run came to. */
export interface SlowRun {
  /** Deaths of healthy members that anybody believed in, counted per believer. */
  falsePositives: number;
  /** Those that a healthy member believed in. */
  healthyFalsePositives: number;
  /** From the beginning of the first block to the first healthy member that held a blocked one dead, for each that was. */
  firstMs: number[];
  /** The same until every healthy member held it dead. */
  allMs: number[];
  /** Sent by all members, datagrams with seal, and exchanges. */
  bytes: number;
  packets: number;
}

/** Runs one pool. A blocked member's clock runs on: it probes, hears no answer, accuses and buries, and all of that goes out when it is free. */
export function runSlow(slowness: Slowness, lifeguard: boolean, seed: number): SlowRun {
  const { blocked, durationMs, intervalMs, lengthMs } = slowness;
  const run: SlowRun = {
    falsePositives: 0,
    healthyFalsePositives: 0,
    firstMs: [],
    allMs: [],
    bytes: 0,
    packets: 0,
  };
  const slow = Array.from({ length: blocked }, (_, index) => `n${index}`);
  const isSlow = new Set(slow);
  const detections = new Map<string, Set<string>>();
  const cluster = new VirtualCluster({
    nodes: poolSize,
    seed,
    packed: true,
    acquainted: true,
    settings: { lifeguard, youngExchangeMs: Number.POSITIVE_INFINITY },
    onSeen: ({ atMs, by, event }) => {
      if (event.kind !== 'dead') return;
      const { uuid } = event.member;
      if (isSlow.has(uuid)) {
        if (!isSlow.has(by)) noteDetection(run, detections, uuid, by, atMs - quietMs, poolSize - blocked);
        return;
      }
      run.falsePositives += 1;
      if (!isSlow.has(by)) run.healthyFalsePositives += 1;
    },
  });
  cluster.time.pass(quietMs);
  const endMs = quietMs + lengthMs;
  while (cluster.time.now() < endMs) {
    for (const name of slow) cluster.network.block(endpoint(name));
    cluster.time.pass(durationMs);
    for (const name of slow) cluster.network.unblock(endpoint(name));
    cluster.time.pass(intervalMs);
  }
  for (const name of cluster.names()) {
    const { packets, bytes, exchangeBytes } = cluster.network.traffic(endpoint(name));
    run.packets += packets;
    run.bytes += bytes + packets * sealBytes + exchangeBytes;
  }
  return run;
}

function noteDetection(
  run: SlowRun,
  detections: Map<string, Set<string>>,
  uuid: string,
  by: string,
  afterMs: number,
  healthy: number,
): void {
  const believers = detections.get(uuid) ?? new Set();
  detections.set(uuid, believers);
  if (believers.has(by)) return;
  believers.add(by);
  if (believers.size === 1) run.firstMs.push(afterMs);
  if (believers.size === healthy) run.allMs.push(afterMs);
}
