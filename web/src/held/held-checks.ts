import { useMemo } from 'preact/hooks';
import type { HeldCheckView } from '../../../control/shapes.ts';
import { useResource } from '../api/resource.ts';

type HeldView = HeldCheckView['held'][number];

/** What people hold back of checks, by their ids: a word for each kind, and all of it. */
export type HeldChecks = ReadonlyMap<string, { word: string; text: string }[]>;

const everyMs = 5000;
const words: { [kind in HeldView['kind']]: string } = {
  acknowledgement: 'acked',
  downtime: 'in downtime',
  silence: 'silenced',
};

/** The marks of each check; several of a kind are one. */
export function heldChecks(told: readonly HeldCheckView[]): HeldChecks {
  return new Map(
    told.map(({ check, held }) => {
      const kinds = [...new Set(held.map(({ kind }) => kind))];
      const textOf = (kind: HeldView['kind']): string =>
        held.flatMap((one) => (one.kind === kind ? [one.text] : [])).join('; ');
      return [check, kinds.map((kind) => ({ word: words[kind], text: textOf(kind) }))];
    }),
  );
}

/** The same, asked for now and again. */
export function useHeldChecks(): HeldChecks {
  const { data } = useResource<HeldCheckView[]>('api/v1/held', { everyMs });
  return useMemo(() => heldChecks(data ?? []), [data]);
}
