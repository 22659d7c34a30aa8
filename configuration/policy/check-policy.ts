import type { Json, JsonObject } from 'opsbro/sdk';
import { parseDuration } from '../sources/duration.ts';
import { isMapping } from '../sources/split.ts';
import { escalationOf } from './escalation.ts';
import { checkHandlerNames, nameList } from './handler-names.ts';
import type { CheckAlerting, StatePolicy } from './model.ts';
import type { Report } from './report.ts';

const defaultFlapping = { high: 30, low: 25 };
const dependencyWaitMs = 10_000;
const toldInstead = '; since no handler that the check names exists, the default handlers are told';

/** How the results of a check with these keys, which fit their schema, become states. */
export function statePolicy(own: JsonObject, report: Report): StatePolicy {
  const flapping = isMapping(own.flapping) ? own.flapping : {};
  const { high, low } = { ...defaultFlapping, ...flapping } as typeof defaultFlapping;
  if (low > high) {
    const message = `'flapping.low' is ${low}, expected at most 'flapping.high', which is ${high}`;
    report('error', 'OPSBRO_CONFIG_TYPE', message, ['flapping', 'low']);
  }
  return {
    retryIntervalMs: parseDuration(own.retry_interval) ?? null,
    forMs: parseDuration(own.for) ?? 0,
    volatile: own.volatile === true,
    flapping: { enabled: own.flapping !== false && flapping.enabled !== false, high, low },
    onMissing: (own.on_missing ?? 'unknown') as StatePolicy['onMissing'],
  };
}

/** Who is told of a check with this id and these keys; `fallbacks` are the lists of handlers that hold where it names none, the nearest first. */
export function checkAlerting(
  id: string,
  own: JsonObject,
  fallbacks: readonly (Json | undefined)[],
  handlers: ReadonlySet<string>,
  report: Report,
): CheckAlerting {
  const named = nameList(own.handlers) ?? [];
  const isFallback = !named.some((name) => handlers.has(name));
  const subject = `check ${id}`;
  checkHandlerNames(subject, own.handlers, ['handlers'], handlers, report, isFallback ? toldInstead : '');
  const [chosen = null, ...others] = [own.handlers, ...fallbacks].flatMap((list) => {
    const names = nameList(list);
    return names === undefined ? [] : [names];
  });
  const labels = Object.entries(isMapping(own.labels) ? own.labels : {});
  return {
    handlers: chosen,
    ...(others.length > 0 && { fallbackHandlers: others }),
    dependsOn: nameList(own.depends_on) ?? [],
    dependencyWaitMs: parseDuration(own.dependency_wait) ?? dependencyWaitMs,
    labels: Object.fromEntries(labels.map(([name, value]) => [name, String(value)])),
    runbook: String(own.runbook ?? ''),
    shadow: own.mode === 'shadow',
    escalation: escalationOf(subject, own.escalation, handlers, report),
  };
}
