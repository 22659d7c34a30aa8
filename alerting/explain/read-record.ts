import type { Json, JsonObject } from 'opsbro/sdk';
import { isState } from '../state/read-status.ts';
import type { ExplainRecord } from './model.ts';

/** The texts without which a record of a kind is none. */
const texts: { [kind: string]: string[] } = {
  state: ['check', 'cause', 'output'],
  decision: ['check', 'handler', 'outcome', 'reason', 'key'],
  delivery: ['handler', 'key', 'outcome', 'code', 'message'],
};

/** Reads a record as the store gave it back; undefined when it is none. */
export function readRecord(value: Json | undefined): ExplainRecord | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const wanted = typeof value.kind === 'string' ? texts[value.kind] : undefined;
  if (wanted === undefined || typeof value.at !== 'number') return undefined;
  if (wanted.some((key) => typeof value[key] !== 'string')) return undefined;
  if (value.kind === 'delivery') return value as unknown as ExplainRecord;
  if (!isState(value.state) || (value.kind === 'state' && !isStep(value))) return undefined;
  return value as unknown as ExplainRecord;
}

function isStep({ hardState, oldState, oldHardState, seen }: JsonObject): boolean {
  return isState(hardState) && isState(oldState) && isState(oldHardState) && Array.isArray(seen);
}
