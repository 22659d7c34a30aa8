import {
  type Accusation,
  type AliveClaim,
  type Evidence,
  endpointOf,
  type LeaveClaim,
  type MemberState,
} from './messages.ts';

/** Who said that a member is not well, on what evidence, when. */
export interface Accuser {
  by: string;
  evidence: Evidence;
  atMs: number;
}

/** What we believe of one member. Never changed in place. */
export interface Member {
  uuid: string;
  /** Its own last word, passed on as it was signed. */
  alive: AliveClaim;
  /** That of `alive`, or of a leave that it signed later. */
  incarnation: number;
  state: MemberState;
  sinceMs: number;
  /** Of the present suspicion or death, or who cleared it away; at most 8: the first ones, and who declared it dead. */
  accusers: readonly Accuser[];
  /** Who said that it leaves and, where that is the member itself, its signature. */
  leave?: { by: string; signature: Uint8Array };
}

/**
 * What became of a claim. `ignored`: it is older than what is known. `ahead`: about an incarnation that the owner has not announced to us.
 * `unsaved`: other words of one node under one incarnation, which it used again since it ended before it was saved; it will outdo them.
 */
export type Transition =
  | { result: 'changed'; member: Member }
  | { result: 'confirmed'; member: Member }
  | { result: 'ignored' | 'ahead' | 'unsaved' | 'conflict' };

const ignored: Transition = { result: 'ignored' };
const maxAccusers = 8;
const weight: { [state in MemberState]: number } = { alive: 0, suspect: 1, dead: 2, leave: 3 };

/**
 * A node's own word counts when its incarnation is higher than the known one. `conflict`: another key, or other words
 * from another place under the same incarnation: two live nodes share the uuid.
 */
export function applyAlive(known: Member | undefined, claim: AliveClaim, nowMs: number): Transition {
  const { uuid, incarnation, key } = claim.record;
  if (known !== undefined) {
    if (!sameBytes(known.alive.record.key, key)) return { result: 'conflict' };
    if (incarnation === known.alive.record.incarnation && !sameBytes(known.alive.body, claim.body))
      return { result: endpointOf(known.alive.record) === endpointOf(claim.record) ? 'unsaved' : 'conflict' };
    if (incarnation <= known.incarnation) return ignored;
  }
  const sinceMs = known?.state === 'alive' ? known.sinceMs : nowMs;
  return {
    result: 'changed',
    member: { uuid, alive: claim, incarnation, state: 'alive', sinceMs, accusers: [] },
  };
}

/** A suspicion or death counts at exactly the incarnation that its subject announced last; what is worse wins. */
export function applyAccusation(known: Member | undefined, claim: Accusation, nowMs: number): Transition {
  if (known === undefined || claim.incarnation > known.incarnation) return { result: 'ahead' };
  if (claim.incarnation < known.incarnation || weight[claim.kind] < weight[known.state]) return ignored;
  const accuser = { by: claim.by, evidence: claim.evidence, atMs: nowMs };
  if (claim.kind === known.state) {
    if (known.accusers.length >= maxAccusers || known.accusers.some(({ by }) => by === claim.by))
      return ignored;
    return { result: 'confirmed', member: { ...known, accusers: [...known.accusers, accuser] } };
  }
  const accusers = claim.kind === 'dead' ? [...known.accusers.slice(0, maxAccusers - 1), accuser] : [accuser];
  return { result: 'changed', member: { ...known, state: claim.kind, sinceMs: nowMs, accusers } };
}

/**
 * A node's own leave counts at or above the known incarnation and wins over any death. Another's word clears away only
 * who is suspect or dead here already: a live node would refute it.
 */
export function applyLeave(known: Member | undefined, claim: LeaveClaim, nowMs: number): Transition {
  if (known === undefined) return { result: 'ahead' };
  if (claim.incarnation < known.incarnation || known.state === 'leave') return raised(known, claim);
  const own = claim.by === claim.uuid;
  if (!own && claim.incarnation > known.incarnation) return { result: 'ahead' };
  if (!own && known.state === 'alive') return ignored;
  const { incarnation, by, signature } = claim;
  const leave = { by, signature };
  return {
    result: 'changed',
    member: { ...known, incarnation, state: 'leave', sinceMs: nowMs, leave },
  };
}

/** Whether a member still takes part: probes, counts and exchanges go by these. */
export function isLive({ state }: Pick<Member, 'state'>): boolean {
  return state === 'alive' || state === 'suspect';
}

/** A later leave of one that has left raises its incarnation, so that no word from between the two brings it back. */
function raised(known: Member, claim: LeaveClaim): Transition {
  if (known.state !== 'leave' || claim.by !== claim.uuid || claim.incarnation <= known.incarnation)
    return ignored;
  const { incarnation, by, signature } = claim;
  return { result: 'changed', member: { ...known, incarnation, leave: { by, signature } } };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}
