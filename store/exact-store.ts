import type { JsonObject } from 'opsbro/sdk';
import type { TimerClock } from '../core/clock.ts';
import { plainError } from '../core/errors.ts';
import type { Batch, Store } from './store.ts';

/** How long a result waits for the disk. */
const storeMs = 5000;

/** What the agent's parts see of the store. */
export interface ExactStore {
  /** One atomic, synced batch. Resolves after a while also when the disk does not answer; never rejects. */
  put(batch: Batch): Promise<void>;
  /** The same for what somebody is told of: rejects where it is not on the disk, and then nothing of it is kept. */
  putOrNothing(batch: Batch): Promise<void>;
}

/**
 * A store that cannot be written keeps the batch, says so once by itself and tries again: its callers go on. So they do after `storeMs` when the
 * disk does not answer, or when too much waits for it already.
 */
export function exactStore(
  store: Pick<Store, 'put' | 'putOrNothing'>,
  clock: TimerClock,
  log: { error(message: string, fields?: JsonObject): void },
): ExactStore {
  let lags = false;
  return {
    putOrNothing: (batch) => store.putOrNothing(batch, storeMs),
    async put(batch) {
      let cancel = (): void => undefined;
      const late = new Promise<string>((resolve) => {
        cancel = clock.after(storeMs, () => resolve(`no answer within ${storeMs} ms`));
      });
      const written = store.put(batch).then(
        () => null,
        (error: unknown) => {
          const { code, message } = plainError(error, 'OPSBRO_AGENT_BUSY');
          return code === 'OPSBRO_AGENT_STORE' ? null : message;
        },
      );
      const reason = await Promise.race([written, late]);
      cancel();
      if (reason !== null && !lags)
        log.error('the store does not keep up; a crash now loses what changes', {
          code: 'OPSBRO_AGENT_BUSY',
          reason,
        });
      lags = reason !== null;
    },
  };
}
