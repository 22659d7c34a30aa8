import type { JsonObject } from 'opsbro/sdk';
import { readDowntime, readSilence } from '../../alerting/suppression/request.ts';
import { OpsbroError } from '../../core/errors.ts';

/** Keys of every object that say nothing of when and what. */
const general = ['id', 'notes', 'enabled', 'enable'];
/** A moment like any other: what a file says is good or bad whenever it is read. */
const anyMoment = Date.UTC(2026, 0, 1);

/** The keys of a downtime or silence as its reader wants them. */
export function suppressionKeys(value: JsonObject): JsonObject {
  const kept = Object.entries(value).filter(([key, item]) => !general.includes(key) && item !== null);
  return Object.fromEntries(kept);
}

/** What is wrong with the keys of a downtime or silence that fit their schema; null when nothing is. */
export function suppressionProblem(kind: 'downtime' | 'silence', keys: JsonObject): string | null {
  const source = { id: kind, at: anyMoment, origin: 'configuration', by: kind } as const;
  try {
    if (kind === 'downtime') readDowntime(keys, source);
    else readSilence(keys, source);
    return null;
  } catch (error) {
    if (error instanceof OpsbroError && error.code === 'OPSBRO_API_INVALID') return error.message;
    throw error;
  }
}

/** Where such a problem is: at the key that it names first; empty where it names none. */
export function problemPath(problem: string): string[] {
  const [, key] = /'([a-z_]+)'/.exec(problem) ?? [];
  return key === undefined ? [] : [key];
}

/** True for an object that is not to take effect. */
export function isDisabled({ enabled, enable }: JsonObject): boolean {
  return (enabled ?? enable) === false;
}
