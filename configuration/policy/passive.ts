import type { Json, JsonObject } from 'opsbro/sdk';
import type { CheckObject } from '../model.ts';
import { parseDuration } from '../sources/duration.ts';
import { Interned } from './interned.ts';
import type { EscalationStep } from './model.ts';
import { PassiveObject, type PassiveTraits } from './passive-object.ts';

const idForm = /^([^/\s]{1,64})\/check\/\S.{0,511}$/su;
const dependencyWaitMs = 10_000;
const flapping = Object.freeze({ enabled: true, high: 30, low: 25 });
/** There may be a hundred thousand, and of most all but the name is the same. */
const none = Object.freeze([]) as unknown as never[];
const traits = new Interned<PassiveTraits>();
const words = new Interned<string>();

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
  const key = JSON.stringify([plugin, pack, interval, policy]);
  return new PassiveObject(
    traits.of(key, () => ({ ...policyOf(policy), key, plugin, pack, intervalMs: seconds * 1000 })),
    id as string,
    name,
    typeof displayName === 'string' ? displayName : name,
    isMapping(labels) ? labelsOf(labels) : {},
  );
}

function labelsOf(given: JsonObject): CheckObject['labels'] {
  const labels: CheckObject['labels'] = {};
  for (const [name, value] of Object.entries(given))
    if (typeof value === 'string') labels[name] = words.of(value, () => value);
  return labels;
}

/** The service's own schema has been met. */
function policyOf(own: JsonObject): Omit<PassiveTraits, 'key' | 'plugin' | 'pack' | 'intervalMs'> {
  return {
    attempts: typeof own.attempts === 'number' && own.attempts >= 1 ? Math.trunc(own.attempts) : 1,
    forMs: parseDuration(own.for) ?? 0,
    volatile: own.volatile === true,
    flapping: own.flapping === false ? { ...flapping, enabled: false } : flapping,
    handlers: own.handlers === undefined ? null : texts(own.handlers),
    dependsOn: texts(own.depends_on),
    dependencyWaitMs: parseDuration(own.dependency_wait) ?? dependencyWaitMs,
    runbook: String(own.runbook ?? ''),
    notes: String(own.notes ?? ''),
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
