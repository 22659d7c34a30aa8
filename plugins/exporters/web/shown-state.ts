import type { CheckFact } from 'opsbro/sdk';

/** What a check is shown as. What is not known to be well is never shown as well. */
export type ShownState = 'ok' | 'warning' | 'critical' | 'unknown' | 'stale' | 'pending';

const worstFirst: readonly ShownState[] = ['critical', 'unknown', 'warning', 'stale', 'pending', 'ok'];

/** The state of a check; `stale` where its data is late, whatever it said. */
export function shownState(check: Pick<CheckFact, 'state' | 'stale'> | undefined): ShownState {
  if (check === undefined) return 'unknown';
  return check.stale ? 'stale' : check.state;
}

/** How bad a state is: the less, the worse. */
export function severity(state: ShownState): number {
  return worstFirst.indexOf(state);
}

/** The worst of several states; `unknown` of none. */
export function worst(states: readonly ShownState[]): ShownState {
  return worstFirst.find((state) => states.includes(state)) ?? 'unknown';
}

/** A text between tags or in an attribute of HTML and SVG. What XML cannot hold is left out. */
export function escaped(text: string): string {
  const names: { [character: string]: string } = {
    ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
  };
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (character) => names[character] ?? '');
}
