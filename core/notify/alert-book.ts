import type { Json } from 'opsbro/sdk';
import type { Plan } from '../../alerting/routing/plan.ts';
import { AlertBook, type ConfiguredEntry } from '../../alerting/suppression/book.ts';
import type { CheckFacts, SuppressionEvent } from '../../alerting/suppression/model.ts';
import type { CheckObject } from '../../configuration/model.ts';
import type { Board } from '../board/board.ts';
import type { HostDeps } from '../host/deps.ts';
import type { ObjectTable } from '../host/objects.ts';

/**
 * Makes the book of downtimes, acknowledgements and silences. What `plan` makes of notifications of each start and end is stored in one batch
 * with it, or taken back with it; the bus hears of it then.
 */
export function makeAlertBook(
  deps: HostDeps,
  plan: (events: readonly SuppressionEvent[]) => Plan,
): AlertBook {
  const { board, bus, clock, log, store, table } = deps;
  return new AlertBook({
    now: () => clock.now(),
    checks: () =>
      table.of('check').map(({ active, object }) => ({ ...checkFacts(board, object), isIdle: !active })),
    async save(batch, events, isWord) {
      const { put, del, release, withdraw } = plan(events);
      const whole = { put: [...batch.put, ...put], del: [...batch.del, ...del] };
      try {
        await (isWord ? store.putOrNothing(whole) : store.put(whole));
      } catch (error) {
        withdraw?.();
        throw error;
      }
      release();
    },
    tell(events) {
      for (const event of events) {
        const { kind, change, cause, id, by, comment } = event;
        log.info(`${kind} ${change}`, { id, cause, by, comment });
        bus.publish('suppression', event);
      }
    },
  });
}

/** Puts back what the store has of it; what cannot be read is told once and dropped. */
export async function restoreAlertBook(
  book: AlertBook,
  store: { entries(prefix: string): Promise<[string, Json][]> },
  { log, store: exact }: Pick<HostDeps, 'log' | 'store'>,
): Promise<void> {
  const found = await Promise.all(['downtime/', 'ack/', 'silence/'].map((prefix) => store.entries(prefix)));
  const unreadable = book.restore(found.flat());
  if (unreadable.length === 0) return;
  log.warn('some downtimes, acknowledgements or silences cannot be read and are dropped', {
    keys: unreadable,
  });
  await exact.put({ del: unreadable });
}

/** What suppression needs to know of a check. */
export function checkFacts(board: Board, { id, name, pack, labels }: CheckObject): CheckFacts {
  const { state = 'pending', hard = true } = board.verdicts.get(id) ?? {};
  return { id, name, pack, labels, state, hard };
}

/** The downtimes and silences of the files. */
export function configuredEntries(table: ObjectTable): ConfiguredEntry[] {
  return table
    .all()
    .flatMap((object) =>
      object.kind === 'downtime' || object.kind === 'silence'
        ? [{ kind: object.kind, id: object.id, keys: object.keys }]
        : [],
    );
}
