import type { Json, JsonObject } from 'opsbro/sdk';
import { resolveSecrets } from '../../configuration/sources/options.ts';
import { OpsbroError } from '../../core/errors.ts';
import { readNow } from './host-files.ts';

const maxBytes = 64 * 1024;

/**
 * The options with their secrets in place of `{file: …}` and `{env: …}`. Done in the thread that runs the plugin, at each run, so that a
 * secret is neither kept by the core nor old. Throws OPSBRO_HOST_IO naming a file that cannot be read, never what is in it.
 */
export function openSecrets(
  schema: Json | undefined,
  options: JsonObject,
  environment: { [name: string]: string },
): JsonObject {
  if (schema === undefined) return options;
  return resolveSecrets(schema, options, { read: readSecret, env: (name) => environment[name] });
}

function readSecret(path: string): string {
  try {
    return readNow(path, maxBytes);
  } catch (error) {
    if (error instanceof OpsbroError)
      throw new OpsbroError(error.code, `the secret in ${path} is over ${maxBytes} bytes`);
    const reason = (error as NodeJS.ErrnoException).code ?? 'it cannot be read';
    throw new OpsbroError('OPSBRO_HOST_IO', `the secret in ${path}: ${reason}`, { cause: error });
  }
}
