import { OpsbroError } from '../core/errors.ts';
import { parseSeconds } from './quantities.ts';

/** RFC 3339 text of the time that a person means with `--expires`: a time to come, or a duration from `now`. Throws OPSBRO_CLI_USAGE. */
export function endOf(text: string, now: number): string {
  const at = /^\d+(\.\d+)?(ms|s|m|h|d)?$/.test(text)
    ? now + parseSeconds(text, '--expires') * 1000
    : Date.parse(text);
  if (at > now && at < 8.64e15) return new Date(at).toISOString();
  throw new OpsbroError(
    'OPSBRO_CLI_USAGE',
    `--expires '${text}' is no time that is to come; write 90d, or 2030-01-01T00:00:00Z`,
  );
}
