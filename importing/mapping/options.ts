import type { VerdictState } from 'opsbro/sdk';
import { listOf } from '../nagios/inherit.ts';

type Letter = 'w' | 'u' | 'c' | 'd' | 'r';

const statesOf: { [kind in 'host' | 'service']: { [letter in Letter]?: VerdictState[] } } = {
  service: { r: ['ok'], w: ['warning'], c: ['critical'], u: ['unknown'] },
  // A host is down or up; its check is critical or unknown when it is down.
  host: { r: ['ok'], d: ['critical', 'unknown'] },
};

const order: VerdictState[] = ['ok', 'warning', 'critical', 'unknown'];

/** The states that `notification_options` such as `w,u,c,r` name; all when none are given. */
export function severitiesOf(kind: 'host' | 'service', options: string | undefined): VerdictState[] {
  const letters = lettersOf(options);
  const table = statesOf[kind];
  if (letters.includes('n')) return [];
  const states = letters.includes('a')
    ? Object.values(table).flat()
    : letters.flatMap((letter) => table[letter as Letter] ?? []);
  return order.filter((state) => states.includes(state));
}

/** What is told besides states by `f` (flapping) and `s` (downtimes) in every one of `options`; null where that is everything. */
export function eventsOf(options: (string | undefined)[]): string[] | null {
  const [flapping, downtimes] = ['f', 's'].map((letter) =>
    options.every((each) => lettersOf(each).some((one) => one === letter || one === 'a')),
  );
  if (flapping && downtimes) return null;
  return [
    ...(flapping ? ['flapping'] : []),
    ...(downtimes ? ['downtime', 'silence'] : []),
    ...['acknowledgement', 'group', 'node', 'agent'],
  ];
}

function lettersOf(options: string | undefined): string[] {
  return listOf(options ?? 'a').map((word) => word.charAt(0).toLowerCase());
}
