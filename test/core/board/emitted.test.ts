import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Bus, type Topics } from '../../../core/board/bus.ts';
import { EmittedEvents, emittingPool } from '../../../core/board/emitted.ts';
import { Registry } from '../../../core/host/registry.ts';
import type { JobResult } from '../../../threads/protocol.ts';
import { jobOf } from '../../threads/plugin-fixtures.ts';

it('keeps the last hundred events of a plugin, of small size together', () => {
  const events = new EmittedEvents();
  for (let index = 0; index < 150; index += 1) events.add({ topic: 'n', data: index }, index);
  const { count, last } = events.view();
  expect([count, last.length, last[0]]).toEqual([
    150,
    100,
    { topic: 'n', at: '1970-01-01T00:00:00.050Z', data: 50 },
  ]);
  for (let index = 0; index < 20; index += 1) events.add({ topic: 'large', data: 'x'.repeat(4000) }, 1);
  expect(events.view().last.length).toBe(16);
});

it.each(['done', 'failed'])(
  'publishes what a run that is %s emitted, and warns once of what was dropped',
  async (status) => {
    const bus = new Bus();
    const registry = new Registry();
    const heard: Topics['emitted'][] = [];
    const lines: unknown[] = [];
    bus.subscribe('emitted', (event) => heard.push(event));
    const result = { status, emits: { kept: [{ topic: 'a', data: 1 }], dropped: 2 } } as JobResult;
    const log = { debug() {}, info() {}, error() {}, warn: (...line: unknown[]) => lines.push(line) };
    const clock = { now: () => 7, monotonic: () => 0, after: () => () => undefined };
    const pool = emittingPool({ run: async () => result }, { bus, clock, log, registry });
    expect(await pool.run(jobOf('healthy'))).toBe(result);
    await turn();
    const plugin = 'collector/healthy';
    expect(heard).toEqual([{ plugin, topic: 'a', data: 1, at: 7 }]);
    expect(registry.counter(plugin).emitted.view()).toMatchObject({ count: 1, dropped: 2 });
    expect(lines).toEqual([
      ['events of a run were dropped', { plugin, object: 'local/collector/healthy', dropped: 2 }],
    ]);
  },
);
