import { createHash } from 'node:crypto';
import type { Json, JsonObject, PassiveCheck } from 'opsbro/sdk';
import type { CheckObject } from '../model.ts';
import { parseDuration } from '../sources/duration.ts';
import type { EscalationStep } from './model.ts';

const idForm = /^([^/\s]{1,64})\/check\/\S.{0,511}$/su;
const dependencyWaitMs = 10_000;
const flapping = Object.freeze({ enabled: true, high: 30, low: 25 });
/** There may be a hundred thousand, and of most all of this is the same. */
const nothing = Object.freeze({});
const none = Object.freeze([]) as unknown as never[];
const places = new Map<string, CheckObject['place']>();

/**
 * The object of a check that `plugin` tells the results of, from what it says of it; undefined for what is none. It is never due: results
 * come by themselves.
 */
export function passiveCheck(plugin: string, given: Json): CheckObject | undefined {
  if (!isMapping(given)) return undefined;
  const { id, name, display_name: displayName, interval, labels, policy } = given;
  const pack = typeof id === 'string' ? idForm.exec(id)?.[1] : undefined;
  if (pack === undefined || typeof name !== 'string' || !isMapping(policy)) return undefined;
  const seconds = typeof interval === 'number' && interval > 0 ? interval : Number.POSITIVE_INFINITY;
  return {
    kind: 'check',
    passive: true,
    id: id as string,
    pack,
    name,
    displayName: typeof displayName === 'string' ? displayName : name,
    plugin,
    place: placeOf(plugin),
    digest: createHash('sha1').update(JSON.stringify(given)).digest('base64'),
    enabled: true,
    intervalMs: seconds * 1000,
    timeoutMs: 0,
    ifGroup: null,
    options: nothing,
    ...policyOf(policy),
    labels: isMapping(labels) ? (labels as PassiveCheck['labels']) : {},
    tests: none,
    data: nothing,
  };
}

function placeOf(plugin: string): CheckObject['place'] {
  const place = places.get(plugin) ?? Object.freeze({ file: plugin, line: 1, column: 1 });
  places.set(plugin, place);
  return place;
}

type Policy = Omit<
  CheckObject,
  | keyof Pick<CheckObject, 'kind' | 'passive' | 'id' | 'pack' | 'name' | 'displayName' | 'plugin' | 'place'>
  | keyof Pick<CheckObject, 'digest' | 'enabled' | 'intervalMs' | 'timeoutMs' | 'ifGroup' | 'options'>
  | keyof Pick<CheckObject, 'labels' | 'tests' | 'data'>
>;

/** The service's own schema has been met. */
function policyOf(own: JsonObject): Policy {
  const attempts = typeof own.attempts === 'number' && own.attempts >= 1 ? Math.trunc(own.attempts) : 1;
  return {
    attempts,
    retryIntervalMs: null,
    forMs: parseDuration(own.for) ?? 0,
    volatile: own.volatile === true,
    flapping: own.flapping === false ? { ...flapping, enabled: false } : flapping,
    onMissing: 'unknown',
    handlers: own.handlers === undefined ? null : texts(own.handlers),
    dependsOn: texts(own.depends_on),
    dependencyWaitMs: parseDuration(own.dependency_wait) ?? dependencyWaitMs,
    runbook: String(own.runbook ?? ''),
    ...(own.notes !== undefined && { notes: String(own.notes) }),
    shadow: own.mode === 'shadow',
    escalation: escalation(own.escalation),
  };
}

function escalation(value: Json | undefined): EscalationStep[] {
  if (!Array.isArray(value)) return none;
  return value
    .filter(isMapping)
    .map((step) => ({ afterMs: parseDuration(step.after) ?? 0, handlers: texts(step.handlers) }))
    .sort((a, b) => a.afterMs - b.afterMs);
}

function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : none;
}

function isMapping(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
