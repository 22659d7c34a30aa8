import { describe, expect, it } from 'vitest';
import type { JobLane, LaneOutcome } from '../../../threads/pool/job-lane.ts';
import { type GroupOwner, LaneGroup } from '../../../threads/pool/lane-group.ts';
import type { JobResult } from '../../../threads/protocol.ts';
import { HandClock } from '../../core/schedule/test-clock.ts';
import { jobOf } from '../plugin-fixtures.ts';

interface OpenedLane {
  start(ready: boolean): Promise<void>;
  /** Ends its run. */
  answer(result: Partial<JobResult>): void;
  retired: boolean;
}

/** A group whose threads start only when told. */
function openGroup(): { group: LaneGroup; lanes: OpenedLane[]; clock: HandClock } {
  const clock = new HandClock();
  const lanes: OpenedLane[] = [];
  const owner: GroupOwner = {
    openLane() {
      let settle: (ready: boolean) => void = () => undefined;
      const ready = new Promise<boolean>((resolve) => {
        settle = resolve;
      });
      let end: (outcome: LaneOutcome) => void = () => undefined;
      const opened: OpenedLane = {
        retired: false,
        answer: (result) => end({ ended: 'result', result: result as JobResult }),
        start: async (started) => {
          settle(started);
          await ready;
        },
      };
      lanes.push(opened);
      const lane: Partial<JobLane> = {
        id: lanes.length,
        ready,
        alive: true,
        beat: 0,
        plugins: new Set(),
        run: () =>
          new Promise((resolve) => {
            end = resolve;
          }),
        retire: async () => {
          opened.retired = true;
          settle(false);
        },
      };
      return lane as JobLane;
    },
    paceOf: () => 'unproven',
    slow: () => undefined,
    room: () => 48 - lanes.length,
    started: () => undefined,
    changed: () => undefined,
  };
  return {
    group: new LaneGroup({ min: 0, max: 4, starting: 1, processors: 2, elastic: false }, owner, clock),
    lanes,
    clock,
  };
}

describe('a thread that cannot start', () => {
  it('is tried again after a second, while its job waits', async () => {
    const { group, lanes, clock } = openGroup();
    void group.submit(jobOf('healthy'));
    expect(lanes).toHaveLength(1);
    await lanes[0]!.start(false);
    await Promise.resolve();
    expect(group.size).toBe(0);
    clock.advance(999);
    expect(lanes).toHaveLength(1);
    clock.advance(2);
    expect(lanes).toHaveLength(2);
  });

  it('is given up after ten seconds', async () => {
    const { group, lanes, clock } = openGroup();
    void group.submit(jobOf('healthy'));
    clock.advance(10_001);
    expect(lanes[0]!.retired).toBe(true);
    await expect.poll(() => group.size).toBe(0);
  });

  it('costs a job no more than a minute of waiting', async () => {
    const { group, clock } = openGroup();
    const outcome = group.submit(jobOf('healthy'));
    clock.advance(60_002);
    expect(await outcome).toMatchObject({ ended: 'unrun', why: expect.stringContaining('60000 ms') });
  });
});

describe('a thread in which code could not be loaded', () => {
  const heap = { heapUsedBytes: 1, heapLimitBytes: 2 };
  const failed = (code: string): Partial<JobResult> =>
    ({ ...heap, status: 'failed', error: { code, message: 'EMFILE: too many open files' } }) as JobResult;

  it('is replaced once it is ten seconds old, and no other is', async () => {
    const { group, lanes, clock } = openGroup();
    const run = async (result: Partial<JobResult>): Promise<void> => {
      const ended = group.submit(jobOf('healthy'));
      if (lanes.length === 1) await lanes[0]!.start(true);
      await Promise.resolve();
      lanes[0]!.answer(result);
      await ended;
    };
    await run(failed('OPSBRO_PLUGIN_IMPORT'));
    expect(lanes[0]!.retired).toBe(false);
    clock.advance(10_000);
    await run(failed('OPSBRO_PLUGIN_FAILED'));
    expect(lanes[0]!.retired).toBe(false);
    await run(failed('OPSBRO_PLUGIN_IMPORT'));
    expect(lanes[0]!.retired).toBe(true);
    expect(group.size).toBe(0);
  });
});
