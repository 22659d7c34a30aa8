import type { PassiveReport } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { handlerObject } from '../host/host-bench.ts';
import { type AlertingBench, alertingBench, turn } from '../notify/alerting-bench.ts';

const id = 'push/check/web1/app';
const check = { id, name: 'web1/app', display_name: 'web1 app', interval: null, labels: {}, policy: {} };
const problem: Partial<PassiveReport> = {
  checks: [check],
  results: [{ check: id, state: 'critical', output: 'down' }],
};

describe('PassiveChecks', () => {
  async function tell(bench: AlertingBench, report: Partial<PassiveReport>): Promise<void> {
    const body = { plugin: 'listener/overc', ...report } as never;
    await bench.alerting.passive.route().handle({ params: {}, query: {}, body } as never);
    await turn();
  }

  async function withProblem(): Promise<AlertingBench> {
    const bench = await alertingBench([handlerObject('log')]);
    await tell(bench, problem);
    expect(bench.told()).toEqual(['log: problem check web1/app is CRITICAL (was PENDING): down']);
    return bench;
  }

  it('tell of one that is gone whoever was told of its problem', async () => {
    const bench = await withProblem();
    await tell(bench, { removed: [id] });
    expect(bench.told().slice(1)).toEqual([
      'log: recovery check web1/app is no longer run here (was CRITICAL)',
    ]);
    expect(bench.deps.table.has(id)).toBe(false);
  });

  it('tell nobody of one that another agent has from now on, also after a restart', async () => {
    const bench = await withProblem();
    await tell(bench, { handed_over: [id, 'push/check/web1/unknown'] });
    expect(bench.deps.table.has(id)).toBe(false);
    expect([...bench.kept.keys()].filter((key) => key.includes(id))).toEqual([]);
    await bench.seconds(2);
    await bench.restart();
    await bench.seconds(2);
    expect(bench.told()).toHaveLength(1);
  });

  it('tell of the problem of one that came back', async () => {
    const bench = await withProblem();
    await tell(bench, { handed_over: [id] });
    await tell(bench, problem);
    expect(bench.told()).toHaveLength(2);
  });
});
