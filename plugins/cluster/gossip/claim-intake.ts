import type { ClusterEvents } from './events/cluster-events.ts';
import { applyAccusation, applyAlive, applyLeave } from './members.ts';
import type { Message } from './messages.ts';
import type { Hearsay, Pool } from './pool.ts';
import type { Sized } from './transport.ts';
import type { ZoneDesk } from './zones/zone-desk.ts';

/** Who judges what others claim. */
export interface ClaimIntakeParts {
  pool: Pool<Sized>;
  desk: ZoneDesk;
  events?: ClusterEvents;
}

/** Hands each claim to who judges it. */
export class ClaimIntake {
  readonly #parts: ClaimIntakeParts;

  constructor(parts: ClaimIntakeParts) {
    this.#parts = parts;
  }

  /** Takes what one of the zone `speaker` claims. `hearsay`: how rows of a table are passed on. */
  take(message: Message, speaker: string | undefined, hearsay?: Hearsay): void {
    const { pool, desk, events } = this.#parts;
    switch (message.kind) {
      case 'alive':
      case 'suspect':
      case 'dead':
      case 'leave':
        pool.take(message, speaker);
        break;
      case 'state':
        pool.takeRow(message, speaker, hearsay);
        break;
      case 'event':
        // Events go upwards, not downwards.
        if (!desk.isAbove(speaker)) events?.take(message);
    }
  }

  /** Whether a claim could change anything here. While members join, most of what is told is known already. */
  isNews(message: Message): boolean {
    const { pool, events } = this.#parts;
    switch (message.kind) {
      case 'alive': {
        const known = pool.get(message.record.uuid);
        return applyAlive(known, message, 0).result !== 'ignored';
      }
      case 'suspect':
      case 'dead':
        return applyAccusation(pool.get(message.uuid), message, 0).result !== 'ignored';
      case 'leave':
        return applyLeave(pool.get(message.uuid), message, 0).result !== 'ignored';
      case 'event':
        return events?.has(message.id) === false;
      default:
        return message.kind === 'state';
    }
  }
}
