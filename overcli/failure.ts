/**
 * What kind of failure ended a command.
 * - `usage`: the command line is wrong
 * - `config`: a monitor's file is wrong
 * - `refused`: the server understood, and said no; sending the same again is no use
 * - `unsent`: nobody answered, or the server could not do its work; the same report may be taken later
 * - `queued`: unsent, and kept on disk
 */
export type FailureCode = 'usage' | 'config' | 'refused' | 'unsent' | 'queued';

/** An expected failure: the program prints its message, and no stack, and ends with `exitCode`. */
export class Failure extends Error {
  readonly code: FailureCode;
  /** The status of the answer, where there was one. */
  readonly status: number | undefined;
  /** How long the server asks to wait. */
  readonly retryAfterS: number | undefined;

  constructor(code: FailureCode, message: string, answer: { status?: number; retryAfterS?: number } = {}) {
    super(message);
    this.name = 'Failure';
    this.code = code;
    this.status = answer.status;
    this.retryAfterS = answer.retryAfterS;
  }

  /** 2 for a wrong command line, else 1. */
  get exitCode(): number {
    return this.code === 'usage' ? 2 : 1;
  }
}

/** The failure of that code, if it is one. */
export function isFailure(error: unknown, code: FailureCode): error is Failure {
  return error instanceof Failure && error.code === code;
}

/** What an error says; the parts of one that a name with several addresses gives. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(messageOf))].join(', ');
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
