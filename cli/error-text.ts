import { OpsbroError } from '../core/errors.ts';

/** What a command that failed says on stderr: a line for people, or one JSON document that holds the code. */
export function errorText(error: unknown, isJson: boolean): string {
  if (!(error instanceof OpsbroError))
    return `opsbro: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  const { code, message } = error;
  return isJson ? JSON.stringify({ error: { code, message } }) : `opsbro: ${message}`;
}
