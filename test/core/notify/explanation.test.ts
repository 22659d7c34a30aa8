import type { Json, JsonObject, VerdictState } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import type { ExplanationView } from '../../../alerting/explain/view.ts';
import type { CheckObject } from '../../../configuration/model.ts';
import type { Runtime } from '../../../core/host/objects.ts';
import { explainCheck } from '../../../core/notify/explanation.ts';
import { Results } from '../../../core/results/results.ts';
import { samplesNow } from '../../../core/results/seen.ts';
import { checkObject, failed, handlerObject } from '../host/host-bench.ts';
import { type AlertingBench, alertingBench, refused, turn } from './alerting-bench.ts';

async function judge(
  { deps, outcomes }: AlertingBench,
  check: CheckObject,
  state: VerdictState,
): Promise<void> {
  const runtime = deps.table.get(check.id);
  if (runtime === undefined) throw new Error(`no check ${check.id}`);
  runtime.active = true;
  // Its scheduled runs find the same.
  outcomes.set(check.id, { kind: 'verdict', state, output: state });
  await new Results(deps).verdicts([{ runtime, result: { state, output: state } }]);
  await turn();
}

const explain = (bench: AlertingBench, check: CheckObject, at: number | null): Promise<ExplanationView> =>
  explainCheck(bench.deps, bench.alerting, async () => [], check, { at, since: 0, supposed: null });

it('tells of a notification that was given up, with the attempt before', async () => {
  const check = checkObject('c', []);
  const bench = await alertingBench([check, handlerObject('chat')]);
  bench.answers.set('p/handler/chat', refused());
  await judge(bench, check, 'ok');
  await judge(bench, check, 'critical');
  await bench.seconds(2);
  const { handlers } = await explain(bench, check, null);
  expect(handlers).toMatchObject([
    {
      name: 'chat',
      delivery: { state: 'dead', serial: 1, attempts: 1 },
      told: { state: 'critical', key: expect.stringMatching(/^host\/p\/check\/c\/[\d.]+\/problem$/) },
      deliveries: [
        { outcome: 'failed', code: 'OPSBRO_HOST_DELIVERY' },
        { outcome: 'dead', message: expect.stringContaining('answers 400') },
      ],
    },
  ]);
});

it('tells of attempts that failed while it is tried again, and of what waits behind them', async () => {
  const [check, next] = [checkObject('c', []), checkObject('d', [])];
  const bench = await alertingBench([check, next, handlerObject('chat')]);
  bench.answers.set('p/handler/chat', failed('OPSBRO_PLUGIN_TIMEOUT'));
  await judge(bench, check, 'critical');
  await judge(bench, next, 'critical');
  const [first] = (await explain(bench, check, null)).handlers;
  expect(first).toMatchObject({
    deliveries: [{ outcome: 'failed', code: 'OPSBRO_PLUGIN_TIMEOUT' }],
    delivery: { state: 'waiting', serial: 1, attempts: 1, next_at: expect.any(String) },
  });
  expect(first?.delivery?.last_error).not.toBe('');
  const [second] = (await explain(bench, next, null)).handlers;
  expect(second).toMatchObject({
    told: { state: 'critical' },
    deliveries: [],
    delivery: { state: 'waiting', serial: 2, attempts: 0, last_error: '' },
  });
  await bench.restart();
  expect((await explain(bench, next, null)).handlers[0]?.delivery).toMatchObject({ serial: 2 });
});

it('tells of handlers that are named and do not exist, and that others are told', async () => {
  const check = checkObject('c', [], { handlers: ['smss'], fallbackHandlers: [['pager'], ['chat']] });
  const bench = await alertingBench([check, handlerObject('chat'), handlerObject('mail')]);
  await judge(bench, check, 'critical');
  expect(bench.told()).toEqual([expect.stringMatching(/^chat: problem /)]);
  const { handlers } = await explain(bench, check, null);
  expect(handlers).toMatchObject([
    { name: 'chat', outcome: 'up-to-date', delivery: { state: 'delivered' } },
    { name: 'mail', outcome: 'not-wanted', delivery: null },
    {
      name: 'smss',
      outcome: 'not-wanted',
      reason: "the check names it, but no such handler is configured; see 'opsbro config status'",
    },
  ]);
});

it('remembers a check that was taken out', async () => {
  const check = checkObject('c', []);
  const bench = await alertingBench([check, handlerObject('chat')]);
  await judge(bench, check, 'critical');
  bench.deps.bus.publish('verdict', {
    ...{ check: check.id, name: 'c', at: 70, cause: 'removed', oldState: 'critical', state: 'pending' },
    ...{ hard: true, oldHardState: 'critical', hardState: 'pending', attempt: 0, episode: 1 },
    ...{ stale: false, output: '' },
  });
  await turn();
  const { steps, last_step } = await explain(bench, check, Number.MAX_SAFE_INTEGER / 2);
  expect([steps.length, last_step?.cause]).toEqual([2, 'removed']);
});

it('keeps what was judged by, not what came afterwards', async () => {
  const check = checkObject('c', ['memory']);
  const path = check.program?.references[0]?.path ?? [];
  const tree = (value: number): JsonObject =>
    path.reduceRight<Json>((inner, key) => ({ [key]: inner }), value) as JsonObject;
  const bench = await alertingBench([check]);
  const { board, table } = bench.deps;
  const at = bench.clock.now() - 3000;
  board.samples.set('memory', { tree: tree(97), at });
  const samples = samplesNow(board);
  board.samples.set('memory', { tree: tree(12), at: at + 1000 });
  const runtime = table.get(check.id) as Runtime;
  runtime.active = true;
  const result = { state: 'critical' as const, output: 'full' };
  await new Results(bench.deps).verdicts([{ runtime, result }], samples);
  const { seen, last_step: step } = await explain(bench, check, null);
  expect(step?.seen).toMatchObject([{ value: path.length === 0 ? tree(97) : 97, age: 3 }]);
  expect(seen).toMatchObject([{ value: path.length === 0 ? tree(12) : 12, age: 2 }]);
});

it.each([5, -5])(
  'tells moments by the wall clock, also where that was set by %i hours while the agent ran',
  async (hours) => {
    const check = checkObject('c', []);
    const quiet = { hours: 'sun-sat 22:00-23:00', timezone: 'UTC', except: [] };
    const bench = await alertingBench([
      check,
      handlerObject('asleep', { quietHours: [quiet] }),
      handlerObject('chat'),
    ]);
    // It is 22:13:20.
    bench.clock.stepWall((24 + hours) * 3_600_000);
    bench.clock.stepWall(-hours * 3_600_000);
    await judge(bench, check, 'critical');
    const at = bench.clock.now();
    const iso = new Date(at).toISOString();
    const day = iso.slice(0, 10);
    const then = await explain(bench, check, at);
    for (const { handlers } of [await explain(bench, check, null), then])
      expect(handlers).toMatchObject([
        { name: 'asleep', outcome: 'held', until: `${day}T23:00:00.000Z`, decided_at: iso },
        { name: 'chat', told: { at: iso, key: expect.stringMatching(/problem$/) } },
      ]);
    expect((await explain(bench, check, at - 1000)).handlers).toEqual([]);
    // Set once more: what was recorded stays as it was.
    bench.clock.stepWall(Math.abs(hours) * 3_600_000);
    expect((await explain(bench, check, null)).handlers[1]?.told).toMatchObject({ at: iso });
  },
);
