import type { ExactStore } from 'opsbro/sdk';
import type { AlertRow } from '../model.ts';
import { idOf, type KeptService, keyOf, readAlert, readRun } from './records.ts';

const perRead = 1000;

/** What is kept of a service. */
export interface Doomed extends Pick<KeptService, 'id' | 'run'> {
  rows: readonly number[];
}

/** Removes a server, services, and all that is kept of them. What can be seen goes first, at once; of the rest a power cut may leave some. */
export async function removeBelow(
  store: ExactStore,
  server: number | null,
  services: readonly Doomed[],
  isGone: (alert: AlertRow) => boolean,
): Promise<void> {
  await store.put({
    del: [...(server === null ? [] : [keyOf.server(server)]), ...services.map(({ id }) => keyOf.service(id))],
  });
  for (const { rows, run } of services) {
    await store.putLazy({ del: rows.map((id) => keyOf.row(id)) });
    for (let first = run?.prev ?? 0; first !== 0; ) {
      const value = await store.get(keyOf.run(first));
      await store.putLazy({ del: [keyOf.run(first)] });
      first = value === undefined ? 0 : readRun(value).prev;
    }
  }
  await removeAlerts(store, isGone);
}

async function removeAlerts(store: ExactStore, isGone: (alert: AlertRow) => boolean): Promise<void> {
  for (let after = 'a/'; ; ) {
    const found = await store.range({ gt: after, lt: 'a0', limit: perRead });
    const gone = found
      .filter(([key, value]) => isGone(readAlert(idOf(key), value)))
      .map(([key]) => idOf(key));
    if (gone.length > 0)
      await store.putLazy({ del: gone.flatMap((id) => [keyOf.alert(id), keyOf.unsent(id)]) });
    if (found.length < perRead) return;
    after = found.at(-1)?.[0] as string;
  }
}
