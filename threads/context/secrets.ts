import type { Json, JsonObject } from 'opsbro/sdk';
import { mapFormats, redacted, resolveSecrets } from '../../configuration/sources/options.ts';
import { OpsbroError, type PlainError } from '../../core/errors.ts';
import type { LogLine } from '../protocol.ts';
import { readNow } from './host-files.ts';

const maxBytes = 64 * 1024;

/**
 * The options with their secrets in place of `{file: …}` and `{env: …}`. Done in the thread that runs the plugin, at each run, so that a
 * secret is neither kept by the core nor old. Throws OPSBRO_HOST_IO naming the option and a file that cannot be read, never what is in it.
 */
export function openSecrets(
  schema: Json | undefined,
  options: JsonObject,
  environment: { [name: string]: string },
): JsonObject {
  if (schema === undefined) return options;
  return resolveSecrets(schema, options, { read: readSecret, env: (name) => environment[name] });
}

/** Shorter ones would make stars of every text. */
const shortestSecret = 4;

/** The secrets among opened options that are long enough to be searched for, the longest first; of one with several lines each line too. */
export function secretTexts(schema: Json | undefined, options: JsonObject): string[] {
  if (schema === undefined) return [];
  const found = new Set<string>();
  mapFormats(schema, options, (format, value) => {
    if (format === 'secret' && typeof value === 'string')
      for (const part of [value, ...value.split('\n')])
        if (part.trim().length >= shortestSecret) found.add(part.trim());
    return value;
  });
  return [...found].sort((a, b) => b.length - a.length);
}

/** The same with eight stars in place of each secret, in texts and in keys. For plain data of bounded depth. */
export function withoutSecrets<Value>(value: Value, secrets: readonly string[]): Value {
  if (secrets.length === 0) return value;
  const clean = (text: string): string => secrets.reduce((left, one) => left.replaceAll(one, redacted), text);
  const copy = (one: unknown): unknown => {
    if (typeof one === 'string') return clean(one);
    if (Array.isArray(one)) return one.map(copy);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, inner]) => [clean(key), copy(inner)]));
  };
  return copy(value) as Value;
}

/** What a run says to people beside its value: lines of log, its error, why it is not eligible. */
interface Said {
  logs?: LogLine[];
  error?: PlainError;
  reason?: string;
}

/** The same without the plugin's own secrets: a library that it uses may put a password or a token into an error. */
export function saidWithoutSecrets<Result extends object>(
  result: Result & Said,
  secrets: readonly string[],
): Result {
  if (secrets.length === 0) return result;
  const { logs, error, reason } = result;
  return {
    ...result,
    ...(logs && { logs: logs.map((line) => ({ ...withoutSecrets(line, secrets), level: line.level })) }),
    ...(error && { error: { ...withoutSecrets(error, secrets), code: error.code } }),
    ...(reason !== undefined && { reason: withoutSecrets(reason, secrets) }),
  };
}

/** The text of a file that an option names, as each run reads it. Throws the system's error, or `OPSBRO_HOST_TOO_LARGE`. */
export function readOptionFile(path: string): string {
  return readNow(path, maxBytes);
}

function readSecret(path: string, option: string): string {
  try {
    return readOptionFile(path);
  } catch (error) {
    if (error instanceof OpsbroError)
      throw new OpsbroError(error.code, `the secret '${option}' in ${path} is over ${maxBytes} bytes`);
    const reason = (error as NodeJS.ErrnoException).code ?? 'it cannot be read';
    throw new OpsbroError('OPSBRO_HOST_IO', `the secret '${option}' in ${path}: ${reason}`, { cause: error });
  }
}
