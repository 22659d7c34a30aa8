import type { Json } from 'opsbro/sdk';
import { readStatus } from '../../alerting/state/read-status.ts';
import type { Board } from '../board/board.ts';
import { causeOfDeath, type Quarantine } from '../quarantine/quarantine.ts';
import type { HostDeps } from './deps.ts';
import type { PluginStates } from './plugin-states.ts';

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
  for (const [key, value] of await store.entries('suspect/'))
    quarantine.restoreSuspect(key.slice('suspect/'.length), value);
}

/** Forgets restored facts and memories of objects that the configuration no longer has. Returns the store's keys to delete. */
export function dropOrphans(
  board: Board,
  states: PluginStates,
  has: (id: string) => boolean,
  at: number,
): string[] {
  const gone = (ids: Iterable<string>): string[] => [...ids].filter((id) => !has(id));
  const checks = gone(board.verdicts.keys());
  const detectors = gone(board.detected.keys());
  for (const id of checks) board.verdicts.delete(id);
  for (const id of detectors) board.setDetected(id, [], at);
  for (const id of gone(states.ids())) states.delete(id);
  return [...checks.map((id) => `check/${id}`), ...detectors.map((id) => `detected/${id}`)];
}

/** Says how the agent before this one died (`status`, when its launcher saw it), and whom of those that ran (`crashed`) it is held against. */
export async function accuse(
  { log, quarantine, clock }: Pick<HostDeps, 'log' | 'quarantine' | 'clock'>,
  crashed: string[],
  status: number | undefined,
): Promise<void> {
  if (status !== undefined) log.warn('the agent before this one died', { status });
  const { quarantined, suspected } = await quarantine.accuse(crashed, causeOfDeath(status), clock.now());
  for (const plugin of quarantined)
    log.error('quarantined: the agent died while it ran; release it with opsbro plugins release', { plugin });
  for (const plugin of suspected)
    log.warn('suspected: the agent died while it and others ran; they run one at a time now', { plugin });
}
