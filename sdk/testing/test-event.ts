import type { Alert, EventType, HandlerEvent } from '../context.ts';
import type { Json } from '../values.ts';

const alert: Alert = {
  check: 'linux/check/load',
  name: 'load',
  display_name: 'Load average',
  pack: 'linux',
  state: 'critical',
  old_state: 'ok',
  removed: false,
  output: 'load is 42',
  long_output: 'cpu0 98%\ncpu1 97%',
  perfdata: 'load1=42;10;20;0',
  since: Date.UTC(2026, 0, 1, 11, 58),
  at: Date.UTC(2026, 0, 1, 12),
  attempt: 3,
  attempts: 3,
  episode: 7,
  repeat: 0,
  escalation: 0,
  notes: 'restart the queue first',
  runbook: 'https://wiki.example.org/load',
  labels: { team: 'web' },
};

const node: { [key: string]: Json } = {
  what: 'dead',
  uuid: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
  name: 'db1',
  display_name: 'db1',
  zone: 'paris',
  addresses: ['10.0.0.7'],
  groups: ['linux', 'redis'],
  failing: ['redis'],
  state: 'dead',
  old_state: 'suspect',
  added: [],
  removed: [],
  self: false,
  at: alert.at,
};

/**
 * An event as the agent makes it, of the node `web1` on 2026-01-01 at 12:00 UTC: for `problem` and `recovery` of the check
 * `linux/check/load`, for `group` that `redis` was added, for `node` that `db1` is dead. `data` replaces single keys.
 * @example `await runVerb(handler, fixtureContext({ options }), testEvent('problem', { state: 'warning' }));`
 */
export function testEvent(type: EventType, data: { [key: string]: Json } = {}): HandlerEvent {
  const event = { key: `web1/linux/check/load/7/${type}`, type, at: alert.at, node: 'web1' };
  if (type === 'group')
    return {
      ...event,
      summary: 'group redis was added',
      data: { group: 'redis', modification: 'add', ...data },
    };
  if (type === 'node')
    return {
      ...event,
      summary: 'node db1 is dead (zone paris)',
      data: { ...node, ...data },
    };
  if (type !== 'problem' && type !== 'recovery') return { ...event, summary: 'something happened', data };
  const states = type === 'recovery' ? { state: 'ok', old_state: 'critical', output: 'load is 0.1' } : {};
  const told = { ...alert, ...states, ...data };
  const [state, before] = [told.state, told.old_state].map((name) => String(name).toUpperCase());
  const summary = `check ${told.name} is ${state} (was ${before}): ${told.output}`;
  return { ...event, summary, data: told };
}
