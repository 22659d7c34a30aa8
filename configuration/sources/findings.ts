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
