import type { Json, JsonObject } from 'opsbro/sdk';

/** What may be wrong with an agent. */
export type TroubleKind =
  | 'plugin'
  | 'service'
  | 'store'
  | 'disk'
  | 'crash'
  | 'configuration'
  | 'handler'
  | 'canary';

/** Something that is wrong with the agent itself now. */
export interface Trouble {
  kind: TroubleKind;
  /** What it is about, unique with the kind: a plugin, an object; '' for the agent. */
  object: string;
  text: string;
  /** What is said once it is over. */
  over: string;
}

/** What is known of a trouble. Times are epoch ms. */
export interface TroubleRecord extends Trouble {
  since: number;
  isOpen: boolean;
  /** Somebody was told that it began, and not yet that it is over. */
  isTold: boolean;
  /** When its beginning was last told. */
  toldAt: number | null;
}

/** What is to be told. */
export interface TroubleNews {
  change: 'started' | 'ended';
  record: TroubleRecord;
}

/** What a look at all troubles came to. */
export interface TroubleStep {
  records: Map<string, TroubleRecord>;
  news: TroubleNews[];
  /** Keys of records that nobody needs any longer. */
  forgotten: string[];
}

/** Between two beginnings of the same trouble that are told. */
const quietMs = 3_600_000;
/** Files are saved with errors and mended while somebody writes them. */
const settleMs: { [kind: string]: number } = { configuration: 10_000 };
/** Troubles known at once; what comes beyond is not told. */
const known = 1000;

/** What tells troubles apart, and where the store keeps a told one. */
export function troubleKey({ kind, object }: Pick<Trouble, 'kind' | 'object'>): string {
  return `trouble/${kind}\t${object}`;
}

/**
 * Compares what is wrong with what was: level-triggered, so that a restart repeats nothing. A trouble is told once when it begins and once when
 * it ends, its beginning at most once an hour; one that goes on is told when the hour is over.
 */
export function troubleStep(
  before: ReadonlyMap<string, TroubleRecord>,
  found: readonly Trouble[],
  at: number,
): TroubleStep {
  const step: TroubleStep = { records: new Map(before), news: [], forgotten: [] };
  const present = new Set(found.map(troubleKey));
  for (const [key, record] of before) if (!present.has(key)) passed(step, key, record, at);
  for (const trouble of found) {
    const key = troubleKey(trouble);
    const record = step.records.get(key);
    if (record === undefined && step.records.size >= known) continue;
    holds(step, key, trouble, record, at);
  }
  return step;
}

function passed(
  { records, news, forgotten }: TroubleStep,
  key: string,
  record: TroubleRecord,
  at: number,
): void {
  if (record.isOpen) {
    const ended = { ...record, isOpen: false, isTold: false };
    records.set(key, ended);
    if (record.isTold) news.push({ change: 'ended', record: ended });
  } else if (!isQuiet(record, at)) {
    records.delete(key);
    forgotten.push(key);
  }
}

function holds(
  { records, news }: TroubleStep,
  key: string,
  trouble: Trouble,
  before: TroubleRecord | undefined,
  at: number,
): void {
  const record =
    before?.isOpen === true
      ? before
      : { ...trouble, since: at, isOpen: true, isTold: false, toldAt: before?.toldAt ?? null };
  records.set(key, record);
  if (record.isTold || isQuiet(record, at) || at - record.since < (settleMs[trouble.kind] ?? 0)) return;
  const told = { ...record, ...trouble, isTold: true, toldAt: at };
  records.set(key, told);
  news.push({ change: 'started', record: told });
}

function isQuiet({ toldAt }: TroubleRecord, at: number): boolean {
  // A clock that was set back delays what is told by an hour at most.
  return toldAt !== null && Math.abs(at - toldAt) < quietMs;
}

/** A record as the store keeps it. */
export function troubleValue(record: TroubleRecord): JsonObject {
  return { ...record };
}

/** Reads a record of the store; undefined when it is none. */
export function readTrouble(value: Json): TroubleRecord | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { kind, object, text, over, since, isOpen, isTold, toldAt } = value;
  if (typeof kind !== 'string' || typeof object !== 'string' || typeof since !== 'number') return undefined;
  return {
    kind: kind as TroubleKind,
    object,
    text: String(text ?? ''),
    over: String(over ?? ''),
    since,
    isOpen: isOpen === true,
    isTold: isTold === true,
    toldAt: typeof toldAt === 'number' ? toldAt : null,
  };
}
