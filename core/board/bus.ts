import type { Json, JsonObject } from 'opsbro/sdk';
import type { StateChange } from '../../alerting/model.ts';
import type { NodeChange } from '../../alerting/nodes/changes.ts';
import type { SuppressionEvent } from '../../alerting/suppression/model.ts';

/** A check changed: its state, how sure that is, or how fresh. */
export interface VerdictChange extends StateChange {
  check: string;
  name: string;
}

/** What travels on the bus, by topic. */
export interface Topics {
  verdict: VerdictChange;
  groups: { added: string[]; removed: string[]; groups: string[]; at: number };
  collector: { id: string; name: string; state: string; oldState: string; log: string; at: number };
  detector: { id: string; name: string; state: string; oldState: string; log: string; at: number };
  exporter: { id: string; name: string; state: string; oldState: string; log: string; at: number };
  /** An event of a plugin's own. */
  emitted: { plugin: string; topic: string; data: Json; at: number };
  /** A downtime, acknowledgement or silence started or ended, and that is stored. */
  suppression: SuppressionEvent;
  /** A node of the cluster, this one too. */
  node: NodeChange;
  agent: { what: string; detail: JsonObject; at: number };
}

const queueLimit = 10_000;
/** Events a subscriber gets in one turn: when everything changes at once, the loop turns in between. */
const perTurn = 200;

interface Subscription<Topic extends keyof Topics> {
  listener: (event: Topics[Topic]) => void;
  queue: Topics[Topic][];
  scheduled: boolean;
  dropped: number;
}

/**
 * Carries changes to those who want them. Publishing never runs a listener: each subscriber has a queue of 10,000 events drained
 * on the next turns of the loop; when it overflows the oldest event is dropped and counted.
 */
export class Bus {
  readonly #subscriptions = new Map<keyof Topics, Set<Subscription<never>>>();

  publish<Topic extends keyof Topics>(topic: Topic, event: Topics[Topic]): void {
    for (const each of this.#subscriptions.get(topic) ?? []) {
      const subscription = each as unknown as Subscription<Topic>;
      subscription.queue.push(event);
      if (subscription.queue.length > queueLimit) {
        subscription.queue.shift();
        subscription.dropped += 1;
      }
      if (!subscription.scheduled) {
        subscription.scheduled = true;
        setImmediate(() => drain(subscription));
      }
    }
  }

  /** Returns an unsubscribe function; events already queued are dropped with it. */
  subscribe<Topic extends keyof Topics>(topic: Topic, listener: (event: Topics[Topic]) => void): () => void {
    const subscription: Subscription<Topic> = { listener, queue: [], scheduled: false, dropped: 0 };
    const set = this.#subscriptions.get(topic) ?? new Set();
    set.add(subscription as unknown as Subscription<never>);
    this.#subscriptions.set(topic, set);
    return () => {
      set.delete(subscription as unknown as Subscription<never>);
      subscription.queue.length = 0;
    };
  }

  /** Events lost to full queues since the start. */
  dropped(): number {
    let total = 0;
    for (const set of this.#subscriptions.values()) for (const each of set) total += each.dropped;
    return total;
  }
}

function drain<Topic extends keyof Topics>(subscription: Subscription<Topic>): void {
  const events = subscription.queue.splice(0, perTurn);
  subscription.scheduled = subscription.queue.length > 0;
  if (subscription.scheduled) setImmediate(() => drain(subscription));
  for (const event of events) subscription.listener(event);
}
