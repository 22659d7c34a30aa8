import type { GossipSettings } from './settings.ts';

/** Of the time that is left to the asker, as in Lifeguard. */
const nackShare = 0.8;

/** The bounds of a suspicion among `members` live members: it ends after `maxMs` unless others confirm it, never before `minMs`. */
export function suspicionBounds(
  settings: GossipSettings,
  members: number,
): { minMs: number; maxMs: number; needed: number } {
  const minMs =
    settings.suspicionMult * Math.max(1, Math.log10(Math.max(1, members))) * settings.probeIntervalMs;
  const wanted = settings.suspicionMult - 2;
  // Where too few others exist to confirm, waiting for them would only delay.
  const needed = settings.lifeguard && members - 2 >= wanted ? wanted : 0;
  return { minMs, maxMs: needed > 0 ? settings.suspicionMaxMult * minMs : minMs, needed };
}

/** How long a suspicion lasts after `confirmations` by others: from the maximum down to the minimum by a logarithm (Lifeguard). */
export function suspicionMs(
  confirmations: number,
  { minMs, maxMs, needed }: { minMs: number; maxMs: number; needed: number },
): number {
  if (needed < 1) return minMs;
  const share = Math.log(confirmations + 1) / Math.log(needed + 1);
  return Math.max(minMs, Math.floor(maxMs - share * (maxMs - minMs)));
}

/** How often one message is passed on among `members` live members. */
export function retransmitLimit(retransmitMult: number, members: number): number {
  return retransmitMult * Math.ceil(Math.log10(members + 1));
}

/** Time between two full exchanges: above 32 members the interval grows, so that their number does not. */
export function pushPullMs(intervalMs: number, members: number): number {
  if (members <= 32) return intervalMs;
  return intervalMs * (Math.ceil(Math.log2(members) - 5) + 1);
}

/** The longest that a helper waits for an answer before it says that there was none: the asker, who has waited for a timeout before it asked, is to hear it within its interval. */
export function nackMs({ probeTimeoutMs, probeIntervalMs }: GossipSettings): number {
  return nackShare * Math.min(probeTimeoutMs, probeIntervalMs - probeTimeoutMs);
}

/** A duration stretched by the local health score: a slow member gives others more time. */
export function stretched(ms: number, healthScore: number): number {
  return ms * (healthScore + 1);
}
