import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyAccusation, applyAlive, applyLeave, type Member } from './members.ts';
import type { Accusation, AliveClaim, LeaveClaim } from './messages.ts';

type Claim = AliveClaim | Accusation | LeaveClaim;

function alive(incarnation: number, key = 1, body = incarnation): AliveClaim {
  const record = {
    uuid: 'a',
    incarnation,
    name: 'a',
    addresses: ['a'],
    port: 1,
    zone: 'lan',
    groups: [],
    key: Uint8Array.of(key),
  };
  return { kind: 'alive', body: Uint8Array.of(body), signature: new Uint8Array(), record };
}

const accuse = (kind: 'suspect' | 'dead', incarnation: number, by = 'b'): Accusation => ({
  kind,
  uuid: 'a',
  incarnation,
  by,
  evidence: 'no-ack',
});
const leave = (incarnation: number, by = 'a'): LeaveClaim => ({
  kind: 'leave',
  uuid: 'a',
  incarnation,
  by,
  signature: new Uint8Array(),
});

function step(known: Member | undefined, claim: Claim, nowMs = 0): Member | undefined {
  const transition =
    claim.kind === 'alive'
      ? applyAlive(known, claim, nowMs)
      : claim.kind === 'leave'
        ? applyLeave(known, claim, nowMs)
        : applyAccusation(known, claim, nowMs);
  return 'member' in transition ? transition.member : known;
}

const run = (...claims: Claim[]): Member | undefined =>
  claims.reduce<Member | undefined>((known, claim) => step(known, claim), undefined);

describe('a claim', () => {
  it.each<[string, Claim[], string, number]>([
    ['makes a member known', [alive(1)], 'alive', 1],
    ['of suspicion counts at the same incarnation', [alive(1), accuse('suspect', 1)], 'suspect', 1],
    ['of an older incarnation is void', [alive(2), accuse('dead', 1)], 'alive', 2],
    ['ahead of the last word of its subject is void', [alive(1), accuse('dead', 2)], 'alive', 1],
    ['of a higher incarnation refutes a suspicion', [alive(1), accuse('suspect', 1), alive(2)], 'alive', 2],
    ['of the same incarnation refutes nothing', [alive(1), accuse('suspect', 1), alive(1)], 'suspect', 1],
    ['of suspicion cannot mend a death', [alive(1), accuse('dead', 1), accuse('suspect', 1)], 'dead', 1],
    ['of leave wins over a death', [alive(1), accuse('dead', 1), leave(1)], 'leave', 1],
    ['of death does not undo a leave', [alive(1), leave(1), accuse('dead', 1)], 'leave', 1],
    ['of the owner may leave ahead', [alive(1), leave(4), alive(3)], 'leave', 4],
    ['of a later life brings back who left', [alive(1), leave(1), alive(2)], 'alive', 2],
    ['of another clears away the dead', [alive(1), accuse('dead', 1), leave(1, 'c')], 'leave', 1],
    ['of another does not clear away the living', [alive(1), leave(1, 'c')], 'alive', 1],
  ])('%s', (_title, claims, state, incarnation) => {
    expect(run(...claims)).toMatchObject({ state, incarnation });
  });

  it('keeps who accused, on what evidence and when', () => {
    const known = step(step(run(alive(1)), accuse('suspect', 1, 'b'), 5), accuse('suspect', 1, 'c'), 6);
    expect(known?.accusers).toEqual([
      { by: 'b', evidence: 'no-ack', atMs: 5 },
      { by: 'c', evidence: 'no-ack', atMs: 6 },
    ]);
    expect(step(known, accuse('suspect', 1, 'b'), 7)).toBe(known);
    expect(step(known, accuse('dead', 1, 'd'), 8)?.accusers.map(({ by }) => by)).toEqual(['b', 'c', 'd']);
  });

  it('under another key, or with other words from another place under the same incarnation, is a conflict', () => {
    expect(applyAlive(run(alive(1)), alive(2, 9), 0).result).toBe('conflict');
    const elsewhere = alive(1, 1, 7);
    elsewhere.record = { ...elsewhere.record, port: 2 };
    expect(applyAlive(run(alive(1)), elsewhere, 0).result).toBe('conflict');
    expect(applyAlive(run(alive(1)), alive(1, 1, 7), 0).result).toBe('unsaved');
  });
});

const incarnations = fc.integer({ min: 1, max: 4 });
const accusers = fc.constantFrom('b', 'c', 'd');
const claims = fc.array(
  fc.oneof(
    incarnations.map((incarnation) => alive(incarnation)),
    fc
      .tuple(fc.constantFrom('suspect' as const, 'dead' as const), incarnations, accusers)
      .map((parts) => accuse(...parts)),
    incarnations.map((incarnation) => leave(incarnation)),
    fc.tuple(incarnations, accusers).map((parts) => leave(...parts)),
  ),
  { minLength: 1, maxLength: 12 },
);

/** What a member comes to when all claims keep arriving, as by repeated exchanges. */
function settled(list: Claim[]): Member | undefined {
  let known: Member | undefined;
  for (let round = 0; round < 5; round += 1) for (const claim of list) known = step(known, claim);
  return known;
}

const view = (member: Member | undefined): unknown => member && [member.state, member.incarnation];

describe('claims in any order', () => {
  it('lead every node to the same belief', () => {
    fc.assert(
      fc.property(
        claims.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([list, shuffled]) => {
          expect(view(settled(shuffled))).toEqual(view(settled(list)));
        },
      ),
    );
  });

  it('change nothing when they come twice', () => {
    fc.assert(
      fc.property(claims, (list) => {
        let known: Member | undefined;
        for (const claim of list) {
          known = step(known, claim);
          expect(step(known, claim)).toBe(known);
        }
      }),
    );
  });

  it('never lower an incarnation, nor go back from worse to better under one', () => {
    const weight = { alive: 0, suspect: 1, dead: 2, leave: 3 };
    fc.assert(
      fc.property(claims, (list) => {
        let known: Member | undefined;
        for (const claim of list) {
          const next = step(known, claim);
          if (known !== undefined && next !== undefined) {
            expect(next.incarnation).toBeGreaterThanOrEqual(known.incarnation);
            if (next.incarnation === known.incarnation)
              expect(weight[next.state]).toBeGreaterThanOrEqual(weight[known.state]);
          }
          known = next;
        }
      }),
    );
  });
});
