import { testEvent } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { applyPlan } from '../../../core/host/apply-plan.ts';
import { deliver } from '../../../core/notify/delivery.ts';
import { done, failed, handlerObject, hostBench, plan } from '../host/host-bench.ts';

it.each([
  ['told', done(null, { left: [] })],
  ['failed', { ...failed('OPSBRO_HOST_DELIVERY'), state: { left: [] } }],
])('keeps what a handler remembers when it %s', async (_, answer) => {
  const { deps, answers } = hostBench();
  const handler = handlerObject('mail');
  const loader = { put: () => undefined, delete: () => undefined };
  await applyPlan(deps, loader, { invalidate: () => undefined }, plan([handler]));
  answers.set(handler.id, answer);
  expect((await deliver(deps, handler.id, testEvent('problem'))).status).not.toBe('unavailable');
  expect(deps.states.get(handler.id)).toEqual({ left: [] });
});
