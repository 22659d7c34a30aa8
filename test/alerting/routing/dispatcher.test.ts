import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { removedAlert } from '../../../alerting/routing/alerts.ts';
import { Dispatcher } from '../../../alerting/routing/dispatcher.ts';
import type { Alert, HandlerPolicy } from '../../../alerting/routing/model.ts';
import { Bench } from './dispatcher-bench.ts';
import { sampleAlert, sampleHandler } from './samples.ts';

const critical = sampleAlert();
const recovered = sampleAlert({ state: 'ok', oldState: 'critical', episode: 2, problemSince: null });

describe('Dispatcher', () => {
  it('tells a problem once, then its end once', () => {
    const bench = new Bench();
    bench.changed(critical);
    bench.changed(critical);
    expect(bench.dispatcher.knows(critical.check)).toBe(true);
    bench.changed(recovered);
    bench.changed(recovered);
    expect(bench.keys).toEqual(['host/linux/check/load/1.1/problem', 'host/linux/check/load/1.2/recovery']);
    expect([...bench.dispatcher.checks()]).toEqual([]);
    expect(bench.dispatcher.knows(critical.check)).toBe(false);
    expect([...bench.store]).toEqual([]);
  });

  it('tells nobody of the end of a problem that another agent goes on with, and all of it where it comes back', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler({ repeatIntervalMs: 60_000 })];
    bench.changed(critical);
    for (const key of bench.dispatcher.handOver([critical.check, 'linux/check/other']))
      bench.store.delete(key);
    expect([bench.dispatcher.knows(critical.check), bench.store.size]).toEqual([false, 0]);
    bench.pass(60_000);
    bench.apply(bench.dispatcher.reconsider(true, [removedAlert(critical.check, undefined, bench.now)]));
    expect(bench.keys).toEqual(['host/linux/check/load/1.1/problem']);
    bench.changed(critical);
    expect(bench.keys).toHaveLength(2);
  });

  it('tells nothing before the plan is stored', () => {
    const bench = new Bench();
    const plan = bench.dispatcher.changed([critical]);
    expect(bench.sent).toEqual([]);
    bench.apply([plan]);
    expect(bench.sent).toHaveLength(1);
  });

  it('holds a problem in a downtime and tells it when that ends early', () => {
    const bench = new Bench();
    bench.holds = [{ kind: 'downtime', text: 'downtime d', until: 1_000_000 }];
    bench.changed(critical);
    expect(bench.sent).toEqual([]);
    bench.holds = [];
    bench.pass(30_000);
    expect(bench.keys).toEqual(['host/linux/check/load/1.1/problem']);
  });

  it('says nothing of a problem that came and went in a downtime', () => {
    const bench = new Bench();
    bench.holds = [{ kind: 'downtime', text: 'downtime d', until: 1_000_000 }];
    bench.changed(critical);
    bench.changed(recovered);
    bench.holds = [];
    bench.apply(bench.dispatcher.reconsider());
    expect(bench.sent).toEqual([]);
  });

  it('reminds at each repeat_interval', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler({ repeatIntervalMs: 60_000 })];
    bench.changed(critical);
    for (let second = 0; second < 125; second += 1) bench.pass(1000);
    expect(bench.keys).toEqual([
      'host/linux/check/load/1.1/problem',
      'host/linux/check/load/1.1/problem/1',
      'host/linux/check/load/1.1/problem/2',
    ]);
  });

  it('tells what breaks together together, and what follows after the interval', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler({ groupBy: ['pack'] })];
    bench.changed(critical);
    bench.pass(10_000);
    bench.changed(sampleAlert({ check: 'linux/check/disk', name: 'disk' }));
    bench.pass(19_000);
    expect(bench.sent).toEqual([]);
    bench.pass(1000);
    expect(bench.sent.map(({ members }) => members.map(({ alert }) => alert.name))).toEqual([
      ['load', 'disk'],
    ]);
    bench.changed(sampleAlert({ check: 'linux/check/swap', name: 'swap' }));
    bench.pass(299_000);
    expect(bench.sent).toHaveLength(1);
    bench.pass(1000);
    expect(bench.sent[1]?.members.map(({ alert, change }) => `${alert.name} ${change}`)).toEqual([
      'swap new',
      'load same',
      'disk same',
    ]);
    expect(bench.keys).toEqual(['host/mail/pack=linux/40001', 'host/mail/pack=linux/40002']);
  });

  it('says nothing of a problem that is over before its group is told', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler({ groupBy: ['pack'] })];
    bench.changed(critical);
    bench.pass(10_000);
    bench.changed(recovered);
    bench.pass(60_000);
    expect(bench.sent).toEqual([]);
  });

  it('calls the next step of an escalation while the problem lasts', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler(), sampleHandler({ id: 'local/handler/boss', name: 'boss' })];
    const alert = sampleAlert({
      problemSince: 10_000,
      escalation: [{ afterMs: 60_000, handlers: ['boss'] }],
    });
    bench.changed(alert);
    bench.pass(59_000);
    expect(bench.sent.map(({ handler }) => handler)).toEqual(['local/handler/mail']);
    bench.pass(1000);
    expect(bench.sent.map(({ handler }) => handler)).toEqual(['local/handler/mail', 'local/handler/boss']);
    bench.changed({ ...recovered, escalation: alert.escalation });
    expect(bench.sent.filter(({ type }) => type === 'recovery')).toHaveLength(2);
  });

  it('tells at once of a problem that began later than its own clock says, and escalates from now on', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler(), sampleHandler({ id: 'local/handler/boss', name: 'boss' })];
    // The wall clock went on while the machine slept, the other did not.
    const alert = sampleAlert({
      problemSince: bench.now + 8 * 3_600_000,
      escalation: [{ afterMs: 60_000, handlers: ['boss'] }],
    });
    bench.changed(alert);
    expect(bench.sent.map(({ handler }) => handler)).toEqual(['local/handler/mail']);
    bench.pass(59_000);
    bench.changed(alert);
    expect(bench.dispatcher.explain(alert, { holds: [], nextAt: null })).toMatchObject([
      { decision: { outcome: 'up-to-date' } },
      { decision: { outcome: 'waits', until: 70_000 } },
    ]);
    bench.pass(1000);
    expect(bench.sent.map(({ handler }) => handler)).toEqual(['local/handler/mail', 'local/handler/boss']);
  });

  it('neither forgets reminders nor holds groups when the clock was set back before a restart', () => {
    const bench = new Bench();
    bench.handlers = [
      sampleHandler({ repeatIntervalMs: 60_000 }),
      sampleHandler({ id: 'local/handler/chat', name: 'chat', groupBy: ['pack'], groupWaitMs: 0 }),
    ];
    const alert = sampleAlert({ handlers: ['mail', 'chat'] });
    bench.now += 86_400_000;
    bench.changed(alert);
    bench.now -= 86_400_000;
    bench.sent = [];
    bench.dispatcher = bench.fresh();
    bench.changed(alert, { ...alert, check: 'linux/check/disk', handlers: ['chat'] });
    for (let second = 0; second < 300; second += 30) bench.pass(30_000);
    expect(bench.sent.map(({ handler, type }) => `${handler} ${type}`)).toEqual([
      ...Array(4).fill('local/handler/mail problem'),
      'local/handler/mail problem',
      'local/handler/chat problem',
    ]);
  });

  it('waits for what else breaks each time that a group breaks anew', () => {
    for (const change of [
      { groupBy: ['pack'], severities: ['critical'] },
      { groupBy: ['state'] },
    ] as Partial<HandlerPolicy>[]) {
      const bench = new Bench();
      bench.handlers = [sampleHandler(change)];
      bench.changed(critical);
      bench.pass(30_000);
      bench.changed(recovered);
      bench.pass(30_000);
      expect([...bench.store]).toEqual([]);
      bench.pass(3_600_000);
      bench.sent = [];
      bench.changed({ ...critical, episode: 3 });
      bench.changed(sampleAlert({ check: 'linux/check/disk', name: 'disk' }));
      bench.pass(30_000);
      expect(bench.sent.map(({ members }) => members.length)).toEqual([2]);
    }
  });

  it('waits for a group no longer because everything was looked at again', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler({ groupBy: ['pack'] })];
    bench.changed(critical);
    bench.now += 20_000;
    bench.apply(bench.dispatcher.reconsider());
    bench.pass(10_000);
    expect(bench.sent).toHaveLength(1);
  });

  it('groups by what the check, its labels and the node are, whatever a label holds, and forgets the group', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler({ groupBy: ['node', 'pack', 'team'], groupWaitMs: 0 })];
    const labels = { team: 'a,b=c\nd' };
    bench.changed(sampleAlert({ labels }));
    expect(bench.sent[0]?.group).toBe('node=host,pack=linux,team=a,b=c\nd');
    expect([...bench.store.keys()].filter((key) => key.startsWith('group/'))).toHaveLength(1);
    bench.pass(3_600_000);
    bench.changed(sampleAlert({ ...recovered, labels }));
    expect(bench.sent).toHaveLength(2);
    expect([...bench.store.keys()]).toEqual([]);
  });

  it('never uses the key of a group again', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler({ groupBy: ['pack'] })];
    for (let round = 0; round < 3; round += 1) {
      bench.changed({ ...critical, episode: 2 * round + 1 });
      bench.pass(30_000);
      bench.changed({ ...recovered, episode: 2 * round + 2 });
      bench.pass(300_000);
    }
    expect(bench.keys).toHaveLength(6);
    expect(new Set(bench.keys).size).toBe(6);
  });

  it('looks again at a member that was held while its group was told', () => {
    const bench = new Bench();
    bench.handlers = [sampleHandler({ groupBy: ['pack'], groupWaitMs: 0, groupIntervalMs: 1000 })];
    const warning = sampleAlert({ check: 'linux/check/disk', name: 'disk', state: 'warning' });
    let isHeld = false;
    const dispatcher = new Dispatcher({
      node: 'host',
      now: () => bench.now,
      aheadMs: () => 0,
      handlers: () => bench.handlers,
      holds: ({ name }) => ({
        holds: isHeld && name === 'disk' ? [{ kind: 'dependency', text: 'switch', until: null }] : [],
        nextAt: null,
      }),
      record: () => undefined,
      enqueue: (notification) => ({ put: [], del: [], release: () => bench.sent.push(notification) }),
    });
    bench.dispatcher = dispatcher;
    bench.changed(warning);
    bench.now += 1000;
    isHeld = true;
    bench.changed({ ...warning, state: 'critical', episode: 2 }, critical);
    isHeld = false;
    for (let second = 0; second < 60; second += 1) bench.pass(1000);
    expect(
      bench.sent.map(({ members }) => members.map(({ alert, change }) => `${alert.name} ${change}`)),
    ).toEqual([['disk new'], ['load new', 'disk same'], ['disk changed', 'load same']]);
  });

  it('remembers what handlers were told that a bad file hides', () => {
    const bench = new Bench();
    bench.changed(critical);
    bench.dispatcher = bench.fresh();
    const { handlers } = bench;
    bench.handlers = [];
    bench.changed(critical);
    bench.apply(bench.dispatcher.reconsider(false));
    bench.handlers = handlers;
    bench.apply(bench.dispatcher.reconsider());
    bench.changed(recovered);
    expect(bench.keys).toEqual(['host/linux/check/load/1.1/problem', 'host/linux/check/load/1.2/recovery']);
  });

  it('forgets what handlers were told that are gone', () => {
    const bench = new Bench();
    bench.changed(critical);
    bench.handlers = [];
    bench.apply(bench.dispatcher.reconsider());
    expect([...bench.store]).toEqual([]);
    bench.changed(recovered);
    expect([...bench.dispatcher.checks()]).toEqual([]);
  });

  it('records a decision when it changes, not each time it is made', () => {
    const bench = new Bench();
    bench.holds = [{ kind: 'silence', text: 'silence s', until: null }];
    bench.changed(critical);
    bench.pass(31_000);
    bench.pass(31_000);
    bench.holds = [];
    bench.pass(31_000);
    expect(bench.decisions.map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual([
      'held silence s',
      'told a new problem',
    ]);
  });

  it('says the same over restarts at any moment as without one, once each', () => {
    const states = ['ok', 'warning', 'critical', 'unknown'] as const;
    const step = fc.record({
      check: fc.integer({ min: 0, max: 3 }),
      state: fc.constantFrom(...states),
      restart: fc.boolean(),
      afterMs: fc.integer({ min: 0, max: 90_000 }),
    });
    const policies = [
      sampleHandler(),
      sampleHandler({ id: 'local/handler/chat', name: 'chat', severities: ['ok', 'critical'] }),
      sampleHandler({ id: 'local/handler/slow', name: 'slow', repeatIntervalMs: 45_000 }),
    ];
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const run = (withRestarts: boolean): string[] => {
          const bench = new Bench();
          bench.handlers = policies;
          const current = new Map<number, Alert>();
          for (const { check, state, restart, afterMs } of steps) {
            for (let passed = 0; passed < afterMs; passed += 1000) bench.pass(1000);
            const before = current.get(check);
            const changed = (before?.state ?? 'ok') !== state;
            const episode = (before?.episode ?? 0) + (changed ? 1 : 0);
            const isProblem = state !== 'ok';
            const alert = sampleAlert({
              check: `linux/check/c${check}`,
              name: `c${check}`,
              state,
              oldState: before?.state ?? 'ok',
              episode,
              problemSince: isProblem ? (before?.problemSince ?? bench.now) : null,
              handlers: ['mail', 'chat', 'slow'],
            });
            current.set(check, alert);
            if (changed) bench.changed(alert);
            if (!withRestarts || !restart) continue;
            bench.dispatcher = bench.fresh();
            bench.changed(...current.values());
          }
          return bench.sent.map(
            ({ handler, key, members }) => `${handler} ${key} ${members[0]?.alert.state}`,
          );
        };
        const sent = run(true);
        expect(sent.sort()).toEqual(run(false).sort());
        expect(new Set(sent).size).toBe(sent.length);
      }),
      { numRuns: 300 },
    );
  });
});
