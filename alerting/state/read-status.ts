import type { Json, JsonObject } from 'opsbro/sdk';
import { type CheckState, type CheckStatus, type Perfdatum, pendingStatus } from '../model.ts';
import { isProblem } from './advance.ts';
import { percentOf } from './flapping.ts';

const states: readonly unknown[] = ['pending', 'ok', 'warning', 'critical', 'unknown'];

/**
 * Reads a status as the store gave it back; undefined when it is not one. What an older agent did not write is taken from what it did: a
 * hard state is the last hard one, a soft one comes after ok.
 */
export function readStatus(value: Json): CheckStatus | undefined {
  if (!isObject(value) || !isState(value.state) || typeof value.output !== 'string') return undefined;
  const { state } = value;
  const hard = value.hard === true;
  const since = moment(value.since);
  const isOlder = !isState(value.hardState);
  const hardState = isState(value.hardState) ? value.hardState : hard ? state : 'ok';
  return {
    ...pendingStatus,
    state,
    hard,
    attempt: count(value.attempt, 1),
    output: value.output,
    longOutput: typeof value.longOutput === 'string' ? value.longOutput : '',
    perfdata: perfdataOf(value.perfdata),
    since,
    lastRun: moment(value.lastRun),
    missing: texts(value.missing),
    error: errorOf(value.error),
    stale: value.stale === true,
    flapping: flappingOf(value.flapping),
    hardState,
    oldHardState: isState(value.oldHardState)
      ? value.oldHardState
      : hardState === 'pending'
        ? 'pending'
        : 'ok',
    hardSince: isOlder ? since : moment(value.hardSince),
    problemSince: isProblem(hardState) ? (moment(value.problemSince) ?? since) : null,
    episode: count(value.episode, 1),
    pendingFor: hard ? null : (moment(value.pendingFor) ?? since),
  };
}

function flappingOf(value: Json | undefined): CheckStatus['flapping'] {
  if (!isObject(value) || typeof value.history !== 'string' || !/^[01]{0,20}$/.test(value.history))
    return pendingStatus.flapping;
  return { is: value.is === true, history: value.history, percent: percentOf(value.history) };
}

function errorOf(value: Json | undefined): CheckStatus['error'] {
  if (!isObject(value) || typeof value.code !== 'string' || typeof value.message !== 'string') return null;
  return { code: value.code, message: value.message };
}

function perfdataOf(value: Json | undefined): Perfdatum[] {
  const items = Array.isArray(value) ? value : [];
  return items.filter((item) => isObject(item) && typeof item.label === 'string') as unknown as Perfdatum[];
}

/** True for the name of a state. */
export function isState(value: Json | undefined): value is CheckState {
  return states.includes(value);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function moment(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function count(value: Json | undefined, otherwise: number): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}
