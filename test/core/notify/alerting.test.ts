import { describe, expect, it } from 'vitest';
import { OpsbroError } from '../../../core/errors.ts';
import { linkGroups } from '../../../core/host/apply-plan.ts';
import { checkObject, handlerObject } from '../host/host-bench.ts';
import { alertingBench, turn } from './alerting-bench.ts';

describe('Alerting', () => {
  it('looks at everything once, however many suppressions end together', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
    const { alerting, deps, outcomes, runner } = await alertingBench([
      ...names.map((name) => checkObject(name, [])),
      handlerObject('log'),
    ]);
    const judge = async (state: 'ok' | 'critical'): Promise<void> => {
      const ids = names.map((name) => `p/check/${name}`);
      for (const id of ids) outcomes.set(id, { kind: 'verdict', state, output: '' });
      runner.run(ids);
      await turn();
    };
    await judge('critical');
    for (const name of names) {
      const facts = {
        id: `p/check/${name}`,
        name,
        pack: 'p',
        labels: {},
        state: 'critical',
        hard: true,
      } as const;
      await alerting.book.acknowledge(facts, {}, 'ann');
    }
    await turn();
    let looks = 0;
    const { reconsider } = alerting.notifications;
    alerting.notifications.reconsider = (...given) => {
      looks += 1;
      return reconsider.apply(alerting.notifications, given);
    };
    await judge('ok');
    expect(alerting.book.tables.acknowledgements.size).toBe(0);
    expect(deps.board.verdicts.get('p/check/c0')?.state).toBe('ok');
    expect(looks).toBe(1);
  });

  it('lets go of the acknowledgement of a check that does not run here any more, so that its next problem is told', async () => {
    const objects = [checkObject('c', [], { ifGroup: 'blue' }), handlerObject('log')];
    const bench = await alertingBench(objects);
    const { board } = bench.deps;
    board.setStaticGroups(['blue'], 1);
    await linkGroups(bench.deps);
    bench.outcomes.set('p/check/c', { kind: 'verdict', state: 'critical', output: 'load is 42' });
    bench.runner.run(['p/check/c']);
    await turn();
    const facts = {
      id: 'p/check/c',
      name: 'c',
      pack: 'p',
      labels: {},
      state: 'critical',
      hard: true,
    } as const;
    await bench.alerting.book.acknowledge(facts, {}, 'ann');
    const problems = (): number => bench.jobs.filter(({ event }) => event?.type === 'problem').length;
    expect(problems()).toBe(1);
    for (const groups of [[], ['blue']]) {
      board.setStaticGroups(groups, 2);
      await linkGroups(bench.deps);
      await bench.seconds(1);
    }
    bench.runner.run(['p/check/c']);
    await turn();
    expect(problems()).toBe(2);
  });

  it('says with an acknowledgement how the check stands', async () => {
    const objects = [checkObject('c', []), handlerObject('log')];
    const { alerting, outcomes, runner, jobs, seconds } = await alertingBench(objects);
    outcomes.set('p/check/c', { kind: 'verdict', state: 'critical', output: 'load is 42' });
    runner.run(['p/check/c']);
    await turn();
    const facts = {
      id: 'p/check/c',
      name: 'c',
      pack: 'p',
      labels: {},
      state: 'critical',
      hard: true,
    } as const;
    await alerting.book.acknowledge(facts, { comment: 'on it' }, 'ann');
    await seconds(1);
    const told = jobs.find(({ event }) => event?.type === 'acknowledgement')?.event;
    expect(told?.data).toMatchObject({
      ...{ check: 'p/check/c', name: 'c', change: 'started', by: 'ann', comment: 'on it' },
      ...{ state: 'critical', output: 'load is 42', long_output: '', perfdata: '' },
    });
  });

  it('tells of each start and end of downtimes and silences, to those alone whom their checks tell', async () => {
    const objects = [
      checkObject('disk', [], { handlers: ['log', 'deaf'] }),
      checkObject('load', [], { handlers: ['log', 'deaf'] }),
      checkObject('shy', [], { handlers: ['other'], shadow: true }),
      handlerObject('log'),
      handlerObject('other'),
      handlerObject('deaf', { events: ['agent'] }),
    ];
    const bench = await alertingBench(objects);
    const { book } = bench.alerting;
    await book.addDowntime({ match: ['disk'], duration: '1m', id: 'work', comment: 'new disk' }, 'ann');
    await book.addSilence({ match: ['pack=p'], until: '1h', id: 'quiet' }, 'ben');
    await book.addSilence({ match: ['check=nothing'], until: '1h', id: 'nobody' }, 'ben');
    await bench.seconds(61);
    await book.remove('silence', 'quiet', 'ann');
    await bench.seconds(1);
    expect(bench.told().map((line) => line.replace(/, until [^)]+/, ''))).toEqual([
      'log: downtime downtime of disk began (by ann): new disk',
      'log: silence silence of disk, load, shy began (by ben)',
      'log: downtime downtime of disk ended (expired): new disk',
      'log: silence silence of disk, load, shy was taken away by ann',
    ]);
    expect(bench.jobs[0]?.event?.data).toMatchObject({
      id: 'work',
      change: 'started',
      cause: 'began',
      by: 'ann',
      match: ['check=disk'],
      checks: ['disk'],
      check: 'p/check/disk',
      name: 'disk',
    });
  });

  it('tells nobody of what the disk did not take, and the next of the same check at once', async () => {
    const bench = await alertingBench([checkObject('disk', []), handlerObject('log')]);
    const { book, notifications } = bench.alerting;
    const { store } = bench.deps;
    const { putOrNothing } = store;
    store.putOrNothing = () => Promise.reject(new OpsbroError('OPSBRO_AGENT_STORE', 'disk full'));
    await expect(book.addSilence({ match: ['disk'], until: '1h', id: 'lost' }, 'ann')).rejects.toThrow(
      'nothing is changed, do it again later: disk full',
    );
    expect([notifications.outbox.list(), [...bench.kept.keys()]]).toEqual([[], []]);
    store.putOrNothing = putOrNothing;
    await book.addSilence({ match: ['disk'], until: '1h', id: 'kept' }, 'ben');
    await turn();
    expect(bench.told().map((line) => line.replace(/, until [^)]+/, ''))).toEqual([
      'log: silence silence of disk began (by ben)',
    ]);
  });

  it('tells after a restart what was stored and not told, and what ended in between', async () => {
    const bench = await alertingBench([checkObject('disk', []), handlerObject('log')]);
    bench.alerting.stop();
    await bench.alerting.book.addDowntime({ match: ['disk'], duration: '1m', id: 'work' }, 'ann');
    await turn();
    expect(bench.told()).toEqual([]);
    bench.clock.advance(3_600_000);
    await bench.restart();
    await bench.seconds(2);
    expect(bench.told().map((line) => line.replace(/, until [^)]+/, ''))).toEqual([
      'log: downtime downtime of disk began (by ann)',
      'log: downtime downtime of disk ended (expired)',
    ]);
  });
});
