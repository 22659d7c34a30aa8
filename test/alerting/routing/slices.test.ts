import { describe, expect, it } from 'vitest';
import type { Alert } from '../../../alerting/routing/model.ts';
import type { Plan } from '../../../alerting/routing/plan.ts';
import { Bench } from './dispatcher-bench.ts';
import { sampleAlert, sampleHandler } from './samples.ts';

const many = (count: number): Alert[] =>
  Array.from({ length: count }, (_, index) =>
    sampleAlert({ check: `linux/check/c${index}`, name: `c${index}` }),
  );

describe('a Dispatcher with very many alerts', () => {
  it('looks at very many in parts, each of them once', () => {
    const bench = new Bench();
    bench.holds = [{ kind: 'silence', text: 'silence s', until: null }];
    bench.changed(...many(500));
    bench.holds = [];
    bench.now += 30_000;
    const plans = [...bench.dispatcher.tick()];
    expect(plans.map(({ put }) => put.length)).toEqual([200, 200, 100]);
    expect([...bench.dispatcher.tick()]).toEqual([]);
    expect([...bench.dispatcher.reconsider()].flatMap(({ put }) => put)).toEqual([]);
  });

  it('tells a group of very many in parts, what changed meanwhile as it is then', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler({ groupBy: ['pack'], groupIntervalMs: 1000 })];
    const alerts = many(450);
    bench.changed(...alerts);
    expect(bench.sent).toEqual([]);
    bench.pass(1000);
    bench.now += 30_000;
    const parts = bench.dispatcher.tick();
    bench.apply([parts.next().value as Plan]);
    const [first, last] = [alerts[0] as Alert, alerts[449] as Alert];
    bench.changed(...[first, last].map((alert) => ({ ...alert, state: 'ok' as const, problemSince: null })));
    bench.apply(parts);
    const [told] = bench.sent;
    expect(told?.members).toHaveLength(448);
    expect(told?.members.every(({ change }) => change === 'new')).toBe(true);
    bench.pass(1000);
    bench.changed(...alerts.map((alert) => ({ ...alert, state: 'ok' as const, problemSince: null })));
    bench.pass(1000);
    bench.pass(1000);
    expect(bench.sent.map(({ type, members }) => [type, members.length])).toEqual([
      ['problem', 448],
      ['recovery', 448],
    ]);
    expect([...bench.store]).toEqual([]);
    expect([...bench.dispatcher.checks()]).toEqual([]);
  });

  it('tells all of a group at once, in parts, and what breaks later after the interval, over a restart too', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler({ groupBy: ['pack'], groupIntervalMs: 300_000 })];
    const alerts = many(1700);
    const later = sampleAlert({ check: 'linux/check/later', name: 'later' });
    bench.changed(...alerts);
    bench.pass(1000);
    for (let second = 0; second < 31; second += 1) bench.pass(1000);
    bench.dispatcher = bench.fresh();
    bench.changed(...alerts);
    for (let second = 0; second < 5; second += 1) bench.pass(1000);
    const told = (): string[] =>
      bench.sent.map(({ type, members }) => {
        const news = members.filter(({ change }) => change !== 'same');
        return `${type} ${news.length}`;
      });
    expect(told()).toEqual(['problem 500', 'problem 500', 'problem 500', 'problem 200']);
    expect(new Set(bench.sent.flatMap(({ members }) => members.map(({ alert }) => alert.check))).size).toBe(
      1700,
    );
    expect(new Set(bench.keys).size).toBe(4);
    bench.changed(later);
    for (let second = 0; second < 290; second += 1) bench.pass(1000);
    expect(bench.sent).toHaveLength(4);
    for (let second = 0; second < 15; second += 1) bench.pass(1000);
    expect(told().slice(4)).toEqual(['problem 1']);
    bench.changed(
      ...alerts.slice(0, 1600).map((alert) => ({ ...alert, state: 'ok' as const, problemSince: null })),
    );
    for (let second = 0; second < 305; second += 1) bench.pass(1000);
    // What is still broken is told of with the last of what recovered.
    expect(told().slice(5)).toEqual(['problem 500', 'problem 500', 'problem 500', 'problem 100']);
    expect(bench.sent.at(-1)?.members.filter(({ change }) => change === 'same')).toHaveLength(101);
  });
});
