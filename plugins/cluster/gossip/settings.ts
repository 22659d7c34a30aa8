/** How a member probes, tells and forgets. Durations are milliseconds. */
export interface GossipSettings {
  probeIntervalMs: number;
  probeTimeoutMs: number;
  /** Members asked to probe in our place when a direct probe stays without answer. */
  indirectProbes: number;
  suspicionMult: number;
  suspicionMaxMult: number;
  retransmitMult: number;
  /** Members told in one gossip interval. */
  gossipNodes: number;
  gossipIntervalMs: number;
  /** The dead are still told for this long, so that one who is alive can refute. */
  gossipToTheDeadMs: number;
  pushPullIntervalMs: number;
  /** The first full exchange after the start comes within this time, each later one after twice the time, up to the usual interval. */
  youngExchangeMs: number;
  /** How often the return of a dead member is tried. */
  reconnectIntervalMs: number;
  forgetLeftMs: number;
  forgetDeadMs: number;
  /** The longest a member that suspects itself announces no deaths. */
  degradedMaxMs: number;
  /** Without it the member is plain SWIM: no health score, no shrinking suspicion, no buddy, no nacks. */
  lifeguard: boolean;
}

/** HashiCorp memberlist's profile for a local network, with our times to forget. */
export const lanSettings: GossipSettings = {
  probeIntervalMs: 1000,
  probeTimeoutMs: 500,
  indirectProbes: 3,
  suspicionMult: 4,
  suspicionMaxMult: 6,
  retransmitMult: 4,
  gossipNodes: 3,
  gossipIntervalMs: 200,
  gossipToTheDeadMs: 30_000,
  pushPullIntervalMs: 30_000,
  youngExchangeMs: 1000,
  reconnectIntervalMs: 30_000,
  forgetLeftMs: 300_000,
  forgetDeadMs: 72 * 3_600_000,
  degradedMaxMs: 60_000,
  lifeguard: true,
};

/** Memberlist's profile for slow and long links. */
export const wanSettings: GossipSettings = {
  ...lanSettings,
  probeIntervalMs: 5000,
  probeTimeoutMs: 3000,
  suspicionMult: 6,
  gossipNodes: 4,
  gossipIntervalMs: 500,
  gossipToTheDeadMs: 60_000,
  pushPullIntervalMs: 60_000,
};

/** Memberlist's profile for members on one host. */
export const localSettings: GossipSettings = {
  ...lanSettings,
  probeTimeoutMs: 200,
  indirectProbes: 1,
  suspicionMult: 3,
  retransmitMult: 2,
  gossipIntervalMs: 100,
  gossipToTheDeadMs: 15_000,
  pushPullIntervalMs: 15_000,
};
