import type { JsonObject } from 'opsbro/sdk';
import type { PluginEntry } from '../../configuration/model.ts';
import { secretSchema } from '../../configuration/sources/options.ts';

const known = new WeakMap<PluginEntry, { schema?: JsonObject }>();

/** What a job of a plugin needs so that its thread can open the secrets among its options; nothing for most. */
export function withSecrets(entry: PluginEntry): { schema?: JsonObject } {
  let found = known.get(entry);
  if (found === undefined) {
    const schema = secretSchema(entry.manifest.options);
    found = schema === undefined ? {} : { schema };
    known.set(entry, found);
  }
  return found;
}
