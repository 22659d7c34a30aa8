import { describe, expect, it } from 'vitest';
import { crashTrouble, spaceTrouble } from '../../../alerting/own-troubles.ts';
import { failed, handlerObject } from '../host/host-bench.ts';
import { alertingBench, occurrence, refused, turn } from './alerting-bench.ts';

describe('trouble of the agent', () => {
  it('is told to every handler when it begins and when it ends, also over a restart', async () => {
    const bench = await alertingBench([handlerObject('mail')]);
    await bench.deps.quarantine.add('collector/x', 'the agent died while it ran', 5);
    bench.health.isStoreWritable = false;
    await bench.seconds(5);
    expect(bench.told()).toEqual([
      'mail: agent plugin collector/x is quarantined: the agent died while it ran',
      'mail: agent the store cannot be written; a crash now loses what changes',
    ]);
    expect(bench.jobs[0]?.event?.data).toMatchObject({
      trouble: 'plugin',
      subject: 'collector/x',
      change: 'started',
    });
    bench.health.isStoreWritable = true;
    await bench.seconds(1);
    expect(bench.told().at(-1)).toBe('mail: agent the store can be written again');
    await bench.restart();
    await bench.seconds(1);
    expect(bench.told()).toHaveLength(3);
    await bench.deps.quarantine.release('collector/x');
    await bench.seconds(1);
    expect(bench.told().at(-1)).toBe('mail: agent plugin collector/x may run again');
  });

  it('is a service that failed, and a configuration with errors that stay', async () => {
    const bench = await alertingBench([handlerObject('mail')]);
    const service = { id: 'p/service/http', plugin: 'listener/http', state: 'failed' as const, error: null };
    const figures = { restarts: 5, heapUsedBytes: 0, externalBytes: 0, emitsDropped: 0 };
    bench.health.services = [{ ...service, ...figures }];
    bench.health.configurationErrors = 2;
    await bench.seconds(1);
    expect(bench.told()).toEqual(['mail: agent service p/service/http failed too often: ']);
    await bench.seconds(20);
    expect(bench.told().slice(1)).toEqual([
      "mail: agent the configuration has 2 errors; 'opsbro config status' lists them",
    ]);
  });

  it('is a crash, told once however often the agent dies, and a disk that is nearly full', async () => {
    const bench = await alertingBench([handlerObject('mail')]);
    const look = (uptimeMs: number): void => {
      const space = { availableBytes: 30 * 2 ** 20, totalBytes: 2 ** 30 };
      bench.health.own = [crashTrouble(134, uptimeMs), spaceTrouble(uptimeMs < 5000 ? space : null, '/data')];
    };
    for (let death = 0; death < 3; death += 1) {
      look(1000);
      await bench.seconds(5);
      await bench.restart();
    }
    expect(bench.told()).toEqual([
      'mail: agent the agent ended by SIGABRT and was started again',
      'mail: agent the disk of /data is nearly full, 30 MiB (2.9 %) are free; when it is full, a crash loses what changes',
    ]);
    look(600_000);
    await bench.seconds(1);
    expect(bench.told().slice(2)).toEqual([
      'mail: agent the agent has not died again since',
      'mail: agent the disk of /data has room again',
    ]);
    expect(crashTrouble(1, 0)?.text).toBe('the agent ended with status 1 and was started again');
    expect(crashTrouble(null, 0)).toBeNull();
  });

  it('is a handler that gives up notifications; those that fail do not tell each other for ever', async () => {
    const bench = await alertingBench([handlerObject('chat'), handlerObject('mail'), handlerObject('pager')]);
    bench.answers.set('p/handler/chat', refused());
    bench.answers.set('p/handler/mail', refused());
    await bench.alerting.notifications.announce(occurrence);
    await turn();
    await bench.seconds(3 * 3600);
    expect(bench.told().filter((line) => line.startsWith('pager: agent'))).toEqual([
      'pager: agent handler chat gave up a notification: answers 400',
      'pager: agent handler mail gave up a notification: answers 400',
    ]);
    bench.answers.clear();
    await bench.alerting.notifications.announce({ ...occurrence, key: 'm' });
    await bench.seconds(120);
    expect(bench.told().filter((line) => line.startsWith('pager: agent'))).toHaveLength(4);
    expect(bench.told().at(-1)).toMatch(/delivers again$/);
  });

  it('is a handler that takes nothing for ten minutes, told to the others once, also over a restart', async () => {
    const bench = await alertingBench([handlerObject('mail'), handlerObject('pager')]);
    const toldOf = (): string[] => bench.told().filter((line) => line.includes('agent'));
    bench.answers.set('p/handler/mail', failed('OPSBRO_HOST_DELIVERY'));
    await bench.alerting.notifications.announce(occurrence);
    await bench.seconds(590);
    expect(toldOf()).toEqual([]);
    await bench.seconds(30);
    expect(toldOf()).toEqual(['pager: agent handler mail has delivered nothing for 10 minutes: because']);
    await bench.restart();
    await bench.seconds(1200);
    expect(toldOf()).toHaveLength(1);
    bench.answers.clear();
    await bench.seconds(700);
    expect(toldOf().slice(1)).toEqual(['pager: agent handler mail delivers again']);
  });
});
