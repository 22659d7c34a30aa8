import type { ErrorCode } from '../../core/errors.ts';
import type { Diagnostic, Place } from '../model.ts';

/** Gathers what is wrong with one thing. The methods return undefined, so that a caller can report and give up in one statement. */
export class Findings {
  readonly list: Diagnostic[] = [];

  add(severity: Diagnostic['severity'], code: ErrorCode, message: string, place: Place): undefined {
    this.list.push({ severity, code, message, place });
  }

  error(code: ErrorCode, message: string, place: Place): undefined {
    this.add('error', code, message, place);
  }

  warning(code: ErrorCode, message: string, place: Place): undefined {
    this.add('warning', code, message, place);
  }

  get failed(): boolean {
    return this.list.some(({ severity }) => severity === 'error');
  }
}

/** Sorted by file, line and column. Two expressions of one text may give the same finding twice: it stays once. */
export function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const sorted = [...diagnostics].sort(({ place: one }, { place: other }) => byPlace(one, other));
  return sorted.filter(({ place, message }, index) => {
    const before = sorted[index - 1];
    return before === undefined || byPlace(place, before.place) !== 0 || before.message !== message;
  });
}

function byPlace(one: Place, other: Place): number {
  if (one.file !== other.file) return one.file < other.file ? -1 : 1;
  return one.line - other.line || one.column - other.column;
}
