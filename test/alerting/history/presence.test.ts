import type { Json } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { gapMs, outsideGaps, Presence } from '../../../alerting/history/presence.ts';
import { HandClock } from '../../core/schedule/test-clock.ts';

const years = 10 * 365 * 86_400_000;

/** Agents one after the other over one store and one clock. */
class Bench {
  readonly clock = new HandClock();
  readonly start = this.clock.now();
  readonly kept = new Map<string, Json>();
  presence = new Presence(() => this.clock.now());

  async begin(): Promise<this> {
    this.presence = new Presence(() => this.clock.now());
    await this.presence.restore({
      get: async (key) => this.kept.get(key),
      putLazy: ({ put = [] }) => {
        for (const [key, value] of put) this.kept.set(key, structuredClone(value));
      },
    });
    return this;
  }

  /** Seconds go by in a running agent. */
  run(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      this.clock.advance(1000);
      this.presence.look();
    }
  }

  off(seconds: number): void {
    this.clock.advance(seconds * 1000);
  }

  get gaps(): [number, number][] {
    const seconds = (at: number): number => (at - this.start) / 1000;
    return this.presence.gaps.map(({ from, to }) => [seconds(from), seconds(to)]);
  }
}

describe('Presence', () => {
  it('knows no gap at the first start, and none while it runs', async () => {
    const bench = await new Bench().begin();
    bench.run(300);
    expect(bench.gaps).toEqual([]);
  });

  it('takes the time from a stop to the next start for a gap, however short', async () => {
    const bench = await new Bench().begin();
    bench.run(100);
    bench.presence.stop();
    bench.off(7);
    await bench.begin();
    bench.run(100);
    bench.presence.stop();
    bench.off(3600);
    await bench.begin();
    expect(bench.gaps).toEqual([
      [100, 107],
      [207, 3807],
    ]);
  });

  it('knows to ten seconds when it was killed, and does not mind a restart', async () => {
    const bench = await new Bench().begin();
    bench.run(108);
    bench.off(3);
    await bench.begin();
    expect(bench.gaps).toEqual([]);
    bench.run(18);
    bench.off(600);
    await bench.begin();
    expect(bench.gaps).toEqual([[121, 729]]);
  });

  it('takes a machine that slept, and a clock that was set forward, for a gap', async () => {
    const bench = await new Bench().begin();
    bench.run(10);
    bench.clock.freeze(3_600_000);
    bench.run(10);
    expect(bench.gaps).toEqual([[10, 3611]]);
    bench.clock.stepWall(3_600_000);
    bench.run(10);
    expect(bench.gaps).toEqual([
      [10, 3611],
      [3620, 7221],
    ]);
  });

  it('neither lets gaps overlap nor stops writing when the clock was set back', async () => {
    const bench = await new Bench().begin();
    bench.run(10);
    bench.clock.freeze(3_600_000);
    bench.run(10);
    bench.clock.stepWall(-1_800_000);
    bench.run(10);
    bench.off(3600);
    await bench.begin();
    expect(bench.gaps).toEqual([
      [10, 1821],
      [1821, 5430],
    ]);
  });

  it('takes for a gap only what nobody saw where a machine starts with a clock that is years behind', async () => {
    const bench = await new Bench().begin();
    bench.run(300);
    bench.presence.stop();
    bench.off(60);
    bench.clock.stepWall(-years);
    await bench.begin();
    bench.run(20);
    bench.clock.stepWall(years);
    bench.run(20);
    expect(bench.gaps).toEqual([[300, 381]]);
  });

  it('does not take years to come for a gap once a clock that was ahead is set right', async () => {
    const bench = await new Bench().begin();
    bench.run(100);
    bench.clock.stepWall(years);
    bench.run(20);
    bench.clock.stepWall(-years);
    bench.run(80);
    bench.presence.stop();
    bench.off(60);
    await bench.begin();
    expect(bench.gaps).toEqual([
      [100, 121],
      [200, 260],
    ]);
  });

  it('keeps 500 gaps, and none of what is no gap', async () => {
    const bench = await new Bench().begin();
    for (let count = 0; count < 510; count += 1) {
      bench.presence.stop();
      bench.off(60);
      await bench.begin();
    }
    expect(bench.gaps).toHaveLength(500);
    bench.kept.set('presence/gaps', [[1], 'x', [3, 2], [1, 2]]);
    bench.kept.set('presence/alive', 'x');
    await bench.begin();
    expect(bench.presence.gaps).toEqual([{ from: 1, to: 2 }]);
  });
});

it('cuts a time at gaps', () => {
  const gaps = [
    { from: 10, to: 20 },
    { from: 30, to: 40 },
  ];
  expect(outsideGaps(gaps, 15, 50)).toEqual([
    { from: 20, to: 30 },
    { from: 40, to: 50 },
  ]);
  expect(outsideGaps(gaps, 12, 18)).toEqual([]);
  expect(outsideGaps(gaps, 0, 30)).toEqual([
    { from: 0, to: 10 },
    { from: 20, to: 30 },
  ]);
  expect([gapMs(gaps, 15, 35), gapMs(gaps, 0, 5)]).toEqual([10, 0]);
});
