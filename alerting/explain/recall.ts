import type { DeliveryRecord, ExplainRecord, RecordedDecision, StateRecord } from './model.ts';

/** What the records say of one check up to a moment, oldest first. */
export interface Recalled {
  facts: (StateRecord | RecordedDecision)[];
  deliveries: DeliveryRecord[];
}

/** Finds records, as `Ring.about` does. */
export type FindRecords = (subjects: ReadonlySet<string>, until: number) => Promise<ExplainRecord[]>;

/** What is known of one handler and one check. */
export interface HandlerFacts {
  handler: string;
  /** The last decision. */
  decision: RecordedDecision;
  /** The last time it was told something of the check; null: never, as far as is known. */
  told: RecordedDecision | null;
  /** Attempts to deliver what it was told last. */
  deliveries: DeliveryRecord[];
  /** The problem that the decision is about was over afterwards. */
  isOver: boolean;
}

/** Everything known of a check up to `at`. Deliveries go by the keys that the decisions name. */
export async function recall(find: FindRecords, check: string, at: number): Promise<Recalled> {
  const found = await find(new Set([check]), at);
  const facts = found.filter((record) => record.kind !== 'delivery');
  const keys = new Set(
    facts.flatMap((fact) => (fact.kind === 'decision' && fact.key !== '' ? [fact.key] : [])),
  );
  const told = keys.size === 0 ? [] : await find(keys, at);
  return { facts, deliveries: told.filter((record) => record.kind === 'delivery') };
}

/** The steps of a check's state that are known. */
export function stepsOf({ facts }: Recalled): StateRecord[] {
  return facts.filter((fact) => fact.kind === 'state');
}

/** The decisions to tell somebody, since then. */
export function toldSince({ facts }: Recalled, since: number): RecordedDecision[] {
  return facts.flatMap((fact) =>
    fact.kind === 'decision' && fact.outcome === 'told' && fact.at >= since ? [fact] : [],
  );
}

/** What is known of each handler, by name. */
export function handlersOf({ facts, deliveries }: Recalled): Map<string, HandlerFacts> {
  const byHandler = new Map<string, HandlerFacts>();
  for (const fact of facts) {
    if (fact.kind === 'decision') {
      const told = fact.outcome === 'told' ? fact : (byHandler.get(fact.handler)?.told ?? null);
      byHandler.set(fact.handler, {
        handler: fact.handler,
        decision: fact,
        told,
        deliveries: deliveries.filter(({ handler, key }) => handler === fact.handler && key === told?.key),
        isOver: false,
      });
    } else if (fact.hardState === 'ok' || fact.hardState === 'pending') {
      for (const known of byHandler.values()) known.isOver = known.decision.state !== 'ok';
    }
  }
  return byHandler;
}
