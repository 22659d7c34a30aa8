import type { KeyValues } from 'opsbro/sdk';
import { HeldRemovals } from './held-removals.ts';
import { openStorage, type StorageParts } from './open-storage.ts';
import type { StorageEvents } from './storage.ts';

/** Opens the storage that is configured, with removals that can be undone; `kv` remembers them. */
export async function openHeld({ kv, ...parts }: StorageParts & { kv: KeyValues }): Promise<HeldRemovals> {
  const { clock, events, trouble } = parts;
  let held: HeldRemovals | undefined;
  const changed: StorageEvents['changed'] = (service, state) => {
    if (held?.isHeld(service) !== true) events.changed(service, state);
  };
  held = new HeldRemovals(await openStorage({ ...parts, events: { ...events, changed } }), {
    ...{ kv, clock, events, trouble },
  });
  await held.open();
  return held;
}
