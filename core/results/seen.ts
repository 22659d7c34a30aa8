import type { SeenValue } from '../../alerting/explain/model.ts';
import { seenValues } from '../../alerting/explain/seen.ts';
import { resolve } from '../../language/engine/reference.ts';
import type { Board, Sample } from '../board/board.ts';
import type { Runtime } from '../host/objects.ts';

/** The latest trees of all collectors at one moment. */
export type Samples = ReadonlyMap<string, Sample>;

/** The samples of this moment, whatever comes after. */
export function samplesNow({ samples }: Board): Samples {
  return new Map(samples);
}

/** What an object's expressions read from these samples; nothing where it has none. */
export function seenBy({ object }: Pick<Runtime, 'object'>, samples: Samples): SeenValue[] {
  const references = object.kind === 'collector' ? [] : (object.program?.references ?? []);
  return seenValues(
    references.map(({ text, collector, path }) => {
      const sample = samples.get(collector);
      return { key: text, value: resolve(sample?.tree, path), at: sample?.at ?? null };
    }),
  );
}
