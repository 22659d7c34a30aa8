import { type Delivery, deliver, enqueue } from '../deliver.ts';
import { messageOf } from '../failure.ts';
import { type Moment, thisMoment } from '../queue/boot.ts';
import { maxReports } from '../queue/report-queue.ts';
import type { Report } from '../report.ts';

interface Pending {
  report: Report;
  made: Moment;
}

/** Sends a monitor's reports one after the other in the order they were made; what cannot be sent goes to the queue on disk, in that order too. */
export class ReportStream {
  readonly #delivery: () => Delivery;
  readonly #pending: Pending[] = [];
  #sending: Promise<void> | undefined;
  #current: Pending | undefined;

  /** `delivery` is asked for each report, since a monitor's server may change. */
  constructor(delivery: () => Delivery) {
    this.#delivery = delivery;
  }

  /** Takes a report; returns at once. */
  push(report: Report): void {
    this.#pending.push({ report, made: thisMoment() });
    if (this.#pending.length > maxReports) {
      this.#pending.shift();
      this.#delivery().log.warn('dropped the oldest report, since too many wait');
    }
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Resolves once everything is sent or queued, after `withinMs` at the latest; then what is left is queued. */
  async close(withinMs: number): Promise<void> {
    if (this.#sending === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([this.#sending, late]);
    clearTimeout(timer);
    if (this.#current !== undefined) this.#keep(this.#current, 'the monitor ends');
    this.#keepPending('the monitor ends');
  }

  async #send(): Promise<void> {
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      const delivery = this.#delivery();
      this.#current = next;
      try {
        await deliver(delivery, next.report, next.made);
        delivery.log.info(`sent to ${delivery.endpoint.origin}${next.report.route}`);
      } catch (error) {
        delivery.log.warn(messageOf(error));
        // Behind the one that went to the queue, not past it.
        this.#keepPending('older reports go first');
      }
      this.#current = undefined;
    }
  }

  #keepPending(reason: string): void {
    for (const pending of this.#pending.splice(0)) this.#keep(pending, reason);
  }

  #keep({ report, made }: Pending, reason: string): void {
    try {
      enqueue(this.#delivery(), report, reason, made);
    } catch (error) {
      this.#delivery().log.warn(messageOf(error));
    }
  }
}
