import type { Json, VerdictState } from 'opsbro/sdk';
import type { GroupRecord, Told } from './model.ts';

const states: readonly unknown[] = ['ok', 'warning', 'critical', 'unknown'];

/** Where the store keeps what a handler was told of a check. Ids hold no tab. */
export function toldKey(handler: string, check: string): string {
  return `told/${handler}\t${check}`;
}

/** Where the store keeps when a group of a handler was told. */
export function groupKey(handler: string, group: string): string {
  return `group/${handler}\t${group}`;
}

/** A `told` record as the store keeps it. */
export function toldEntries({ state, episode, at, repeats }: Told): Json {
  return { state, episode, at, repeats };
}

/** Reads an entry of the store; undefined when it is no `told` record. */
export function readTold(
  key: string,
  value: Json,
): { handler: string; check: string; told: Told } | undefined {
  const parts = partsOf(key, 'told/');
  if (parts === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
    return undefined;
  const { state, episode, at, repeats } = value;
  if (!states.includes(state) || typeof episode !== 'number' || typeof at !== 'number') return undefined;
  const told = { state: state as VerdictState, episode, at, repeats: Number(repeats ?? 0) };
  return { handler: parts[0], check: parts[1], told };
}

/** Reads an entry of the store; undefined when it is no group's record. The unit is `<handler>\n<group>`. */
export function readGroup(key: string, value: Json): { unit: string; record: GroupRecord } | undefined {
  const parts = partsOf(key, 'group/');
  if (parts === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
    return undefined;
  const { sentAt, serial } = value;
  if (typeof sentAt !== 'number' || typeof serial !== 'number') return undefined;
  return { unit: parts.join('\n'), record: { sentAt, serial } };
}

function partsOf(key: string, prefix: string): [string, string] | undefined {
  if (!key.startsWith(prefix)) return undefined;
  const tab = key.indexOf('\t');
  return tab < 0 ? undefined : [key.slice(prefix.length, tab), key.slice(tab + 1)];
}
