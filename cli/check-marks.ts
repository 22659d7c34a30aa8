import type { CheckView } from '../control/shapes.ts';
import { type Paint, paintState } from './paint.ts';
import { formatSeconds } from './quantities.ts';
import { plain } from './table.ts';

/** What a reader must know beside a check's state: ` (soft 1/3, acknowledged by ann)`; '' when there is nothing. */
export function checkMarks(check: CheckView): string {
  const marks: string[] = [];
  if (!check.hard && check.state !== 'pending') {
    marks.push(check.attempts > 1 ? `soft ${check.attempt}/${check.attempts}` : 'soft');
    if (check.for > 0) marks.push(`hard after ${formatSeconds(check.for)}`);
  }
  if (check.stale) marks.push('stale');
  if (check.flapping) marks.push('flapping');
  if (check.shadow) marks.push('shadow');
  marks.push(...new Set(check.held.map(heldMark)));
  return marks.length === 0 ? '' : ` (${marks.join(', ')})`;
}

function heldMark({ kind, by, until }: CheckView['held'][number]): string {
  const end = until === null ? '' : ` until ${until.slice(0, 16)}Z`;
  if (kind === 'acknowledgement') return `acknowledged by ${plain(by)}`;
  return `${kind === 'downtime' ? 'in downtime' : 'silenced'}${end}`;
}

/** Colours a text about a check by its state. What is old is never green. */
export function paintCheck(paint: Paint, check: CheckView, text: string): string {
  return paintState(paint, check.stale && check.state === 'ok' ? 'unknown' : check.state, text);
}
