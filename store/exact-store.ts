import type { Json, JsonObject } from 'opsbro/sdk';
import type { TimerClock } from '../core/clock.ts';
import { plainError } from '../core/errors.ts';
import type { Store } from './level.ts';

/** How long a result waits for the disk. */
const storeMs = 5000;

/**
 * A store that cannot be written keeps the batch, says so once by itself and tries again: its callers go on. So they do after `storeMs` when the
 * disk does not answer, or when too much waits for it already.
 */
export function exactStore(
  store: Pick<Store, 'put'>,
  clock: TimerClock,
  log: { error(message: string, fields?: JsonObject): void },
): { put(batch: { put?: [string, Json][]; del?: string[] }): Promise<void> } {
  let lags = false;
  return {
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
