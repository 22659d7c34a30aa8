import type { Member } from '../members.ts';
import type { Claim } from '../pool-parts.ts';
import type { ZoneTree } from './zone-tree.ts';

/**
 * Whether a claim may come from a member of the zone `speaker`, our own where that is undefined. A node's own word may come from above
 * too, where it was before.
 */
export function mayTell(
  zones: ZoneTree,
  speaker: string | undefined,
  claim: Claim,
  known: Member | undefined,
): boolean {
  if (claim.kind === 'alive' && known === undefined && !zones.sees(claim.record)) return false;
  if (speaker === undefined || speaker === zones.own) return true;
  if (claim.kind === 'alive' && zones.isBelow(zones.own, speaker)) return true;
  const record = claim.kind === 'alive' ? claim.record : known?.alive.record;
  const isKnownTheirs = known === undefined || zones.maySpeak(speaker, known.alive.record.zone);
  return record !== undefined && isKnownTheirs && zones.maySpeak(speaker, record.zone);
}
