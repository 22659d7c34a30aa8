import type { JsonObject } from 'opsbro/sdk';
import type { AlertBook } from './book.ts';
import { refuseUnknownNames } from './matched.ts';
import type { CheckFacts } from './model.ts';
import { acknowledgementView, downtimeView, silenceView } from './views.ts';

/** What can be listed, added and removed, whoever asks: one collection of routes. `by` is who did it. */
export interface SuppressionNoun {
  path: 'downtimes' | 'silences' | 'acknowledgements';
  list(): object[];
  add(keys: JsonObject): Promise<object>;
  remove(id: string, by: string): Promise<void>;
}

/** Who did it, when nobody is named. */
const nobody = 'unknown';

/** The three nouns of a book. `check` finds a check by its id or name, and throws OPSBRO_API_NOT_FOUND. */
export function suppressionNouns(
  book: AlertBook,
  now: () => number,
  check: (name: string) => CheckFacts,
): SuppressionNoun[] {
  return [
    {
      path: 'downtimes',
      list: () => {
        const checks = book.checks();
        return byKey(book.tables.downtimes).map((one) => downtimeView(one, checks, now()));
      },
      add: async (keys) => {
        const checks = book.checks();
        refuseUnknownNames(keys.match, checks);
        return downtimeView(await book.addDowntime(keys, nobody), checks, now());
      },
      remove: (id, by) => book.remove('downtime', id, by),
    },
    {
      path: 'silences',
      list: () => {
        const checks = book.checks();
        return byKey(book.tables.silences).map((one) => silenceView(one, checks, now()));
      },
      add: async (keys) => {
        const checks = book.checks();
        refuseUnknownNames(keys.match, checks);
        return silenceView(await book.addSilence(keys, nobody), checks, now());
      },
      remove: (id, by) => book.remove('silence', id, by),
    },
    {
      path: 'acknowledgements',
      list: () => byKey(book.tables.acknowledgements).map(acknowledgementView),
      add: async (keys) =>
        acknowledgementView(await book.acknowledge(check(String(keys.check ?? '')), keys, nobody)),
      remove: (id, by) => book.unacknowledge(book.tables.acknowledgements.has(id) ? id : check(id).id, by),
    },
  ];
}

/** One order, also after a restart. */
function byKey<Value>(table: ReadonlyMap<string, Value>): Value[] {
  return [...table].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, value]) => value);
}
