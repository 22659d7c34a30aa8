import type { Json } from 'opsbro/sdk';
import type { SeenValue } from './model.ts';

/** Values kept of one step. */
const valuesKept = 20;
/** Characters kept of one value. */
const charactersKept = 200;

/** The values that expressions read, as records keep them: each key once, long ones cut, at most 20. */
export function seenValues(
  read: readonly { key: string; value: Json | undefined; at: number | null }[],
): SeenValue[] {
  const byKey = new Map<string, SeenValue>();
  for (const { key, value, at } of read) {
    if (byKey.size === valuesKept) break;
    if (byKey.has(key)) continue;
    const isThere = value !== undefined && at !== null;
    byKey.set(key, { key, value: isThere ? cut(value) : null, at: isThere ? at : null });
  }
  return [...byKey.values()];
}

function cut(value: Json): Json {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= charactersKept ? value : `${text.slice(0, charactersKept)}…`;
}
