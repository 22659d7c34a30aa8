import type { Json } from 'opsbro/sdk';
import { Dispatcher } from '../../../alerting/routing/dispatcher.ts';
import type {
  Alert,
  DecisionRecord,
  HandlerPolicy,
  Hold,
  Notification,
} from '../../../alerting/routing/model.ts';
import type { Plan } from '../../../alerting/routing/plan.ts';
import { sampleHandler } from './samples.ts';

/** A dispatcher with its clock, its holds, and a store that only takes whole plans. */
export class Bench {
  now = 10_000;
  aheadMs = 0;
  handlers: HandlerPolicy[] = [sampleHandler()];
  holds: Hold[] = [];
  decisions: DecisionRecord[] = [];
  sent: Notification[] = [];
  store = new Map<string, Json>();
  dispatcher = this.fresh();

  fresh(): Dispatcher {
    const dispatcher = new Dispatcher({
      node: 'host',
      now: () => this.now,
      aheadMs: () => this.aheadMs,
      handlers: () => this.handlers,
      holds: () => ({ holds: this.holds, nextAt: this.holds[0]?.until ?? null }),
      record: (decision) => this.decisions.push(decision),
      enqueue: (notification) => ({ put: [], del: [], release: () => this.sent.push(notification) }),
    });
    dispatcher.restore([...this.store]);
    return dispatcher;
  }

  /** Stores plans and lets them go. */
  apply(plans: Iterable<Plan>): void {
    for (const plan of plans) {
      for (const key of plan.del) this.store.delete(key);
      for (const [key, value] of plan.put) this.store.set(key, value);
      plan.release();
    }
  }

  changed(...alerts: Alert[]): void {
    this.apply([this.dispatcher.changed(alerts)]);
  }

  pass(ms: number): void {
    this.now += ms;
    this.apply(this.dispatcher.tick());
  }

  get keys(): string[] {
    return this.sent.map(({ key }) => key);
  }
}
