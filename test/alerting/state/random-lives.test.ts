import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type CheckPolicy,
  type CheckStatus,
  type Observation,
  pendingStatus,
} from '../../../alerting/model.ts';
import { advance } from '../../../alerting/state/advance.ts';
import { readStatus } from '../../../alerting/state/read-status.ts';
import { modelOf, type Seen } from './slow-model.ts';

const policies: fc.Arbitrary<CheckPolicy> = fc.record({
  attempts: fc.integer({ min: 1, max: 4 }),
  retryIntervalMs: fc.option(fc.integer({ min: 1, max: 50 })),
  forMs: fc.constantFrom(0, 0, 10, 35),
  volatile: fc.boolean(),
  flapping: fc.constantFrom(
    { enabled: true, high: 30, low: 25 },
    { enabled: true, high: 50.1, low: 11.3 },
    { enabled: false, high: 30, low: 25 },
  ),
  onMissing: fc.constantFrom('unknown', 'critical', 'keep'),
});

const observations: fc.Arbitrary<Observation> = fc
  .record({
    state: fc.constantFrom<Observation['state']>('ok', 'ok', 'warning', 'critical', 'unknown'),
    missing: fc.constantFrom<string[]>([], [], ['collector.a']),
    late: fc.constantFrom<Observation['late']>(undefined, undefined, undefined, undefined, 'run', 'data'),
  })
  .map(
    ({ state, missing, late }) => ({ state, output: state, missing, ...(late && { late }) }) as Observation,
  );

/** Moments that mostly go on, and sometimes back. */
const lives: fc.Arbitrary<Seen[]> = fc
  .array(fc.tuple(fc.constantFrom(10, 10, 10, 1, 0, 40, -25), observations), { maxLength: 60 })
  .map((steps) => {
    let at = 1000;
    return steps.map(([step, observation]) => {
      at += step;
      return { at, observation };
    });
  });

function statuses(life: Seen[], policy: CheckPolicy): { status: CheckStatus; at: number }[] {
  let status: CheckStatus = pendingStatus;
  return life.map(({ at, observation }) => {
    status = advance(status, observation, policy, at).status;
    return { status, at };
  });
}

it('agrees with the slow model after every observation of a random life', () => {
  fc.assert(
    fc.property(lives, policies, (life, policy) => {
      for (const [index, { status }] of statuses(life, policy).entries()) {
        const { flapping, ...rest } = status;
        expect({ ...rest, isFlapping: flapping.is }).toMatchObject(modelOf(life.slice(0, index + 1), policy));
      }
    }),
    { numRuns: 300 },
  );
});

it('tells every change, and nothing but changes', () => {
  fc.assert(
    fc.property(lives, policies, (life, policy) => {
      let before: CheckStatus = pendingStatus;
      for (const { at, observation } of life) {
        const { status, changes } = advance(before, observation, policy, at);
        const kept = ({ state, hard, hardState, stale, episode, flapping }: CheckStatus) =>
          [state, hard, hardState, stale, episode, flapping.is].join();
        const isSilent = before.stale && !status.stale && kept(before) === kept({ ...status, stale: true });
        expect(changes.length > 0).toBe(kept(before) !== kept(status));
        if (isSilent) expect(changes.map(({ cause }) => cause)).toEqual(['fresh']);
        for (const change of changes)
          expect(change).toMatchObject({
            at,
            oldState: before.state,
            state: status.state,
            episode: status.episode,
          });
        before = status;
      }
    }),
    { numRuns: 300 },
  );
});

it('never counts time before it began', () => {
  fc.assert(
    fc.property(lives, policies, (life, policy) => {
      for (const { status, at } of statuses(life, policy)) {
        const { since, lastRun, hardSince, problemSince, pendingFor } = status;
        for (const moment of [since, lastRun, hardSince, problemSince, pendingFor])
          expect(moment ?? at).toBeLessThanOrEqual(at);
      }
    }),
  );
});

it('asks for a run before nothing but a soft state', () => {
  fc.assert(
    fc.property(lives, policies, (life, policy) => {
      let before: CheckStatus = pendingStatus;
      for (const { at, observation } of life) {
        const { status, nextRunMs } = advance(before, observation, policy, at);
        if (status.hard) expect(nextRunMs).toBeNull();
        else expect(nextRunMs ?? 0).toBeGreaterThanOrEqual(0);
        before = status;
      }
    }),
  );
});

it('is the same after the store gave it back', () => {
  fc.assert(
    fc.property(lives, policies, (life, policy) => {
      for (const { status } of statuses(life, policy))
        expect(readStatus(JSON.parse(JSON.stringify(status)))).toEqual(status);
    }),
    { numRuns: 50 },
  );
});
