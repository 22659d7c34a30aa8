import type { Json } from 'opsbro/sdk';
import type { Board } from '../board/board.ts';
import type { Quarantine } from './quarantine.ts';
import { readStatus } from './results.ts';

/** The store, as restoring reads it. */
export interface RestoreSource {
  entries(prefix: string): Promise<[string, Json][]>;
}

/**
 * Puts back what an earlier agent knew, before anything runs: check states, detected groups, quarantine. What no longer exists in
 * the configuration is dropped when the first plan is applied.
 */
export async function restoreBoard(
  store: RestoreSource,
  board: Board,
  quarantine: Quarantine,
  at: number,
): Promise<void> {
  for (const [key, value] of await store.entries('check/')) {
    const status = readStatus(value);
    if (status !== undefined) board.verdicts.set(key.slice('check/'.length), status);
  }
  for (const [key, value] of await store.entries('detected/')) {
    if (!Array.isArray(value)) continue;
    const groups = value.filter((name): name is string => typeof name === 'string');
    board.setDetected(key.slice('detected/'.length), groups, at);
  }
  for (const [key, value] of await store.entries('quarantine/'))
    quarantine.restore(key.slice('quarantine/'.length), value);
}

/** Forgets restored facts of objects that the configuration no longer has. Returns the store's keys to delete. */
export function dropOrphans(board: Board, has: (id: string) => boolean, at: number): string[] {
  const keys: string[] = [];
  for (const id of [...board.verdicts.keys()]) {
    if (has(id)) continue;
    board.verdicts.delete(id);
    keys.push(`check/${id}`);
  }
  for (const id of [...board.detected.keys()]) {
    if (has(id)) continue;
    board.setDetected(id, [], at);
    keys.push(`detected/${id}`);
  }
  return keys;
}
