import type { Member } from './members.ts';
import type { StateRow } from './messages.ts';

/** A member as a table tells it. */
export function rowOf(member: Member, nowMs: number): StateRow {
  const { alive, state, incarnation, sinceMs, accusers, leave } = member;
  const last = accusers.at(-1);
  return {
    ...{ kind: 'state', alive, state, incarnation, ageMs: Math.round(nowMs - sinceMs) },
    by: (state === 'leave' ? leave?.by : last?.by) ?? '',
    evidence: last?.evidence ?? 'reported',
    signature: leave?.signature ?? new Uint8Array(),
  };
}
