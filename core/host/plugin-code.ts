import type { PluginEntry } from '../../configuration/model.ts';
import { secretSchema } from '../../configuration/sources/options.ts';
import type { Job } from '../../threads/protocol.ts';

/** What a job says of its plugin's code; `schema` where its thread must open secrets among the options. */
export type PluginCode = Pick<Job, 'plugin' | 'module' | 'sandbox' | 'schema'>;

const known = new WeakMap<PluginEntry, PluginCode>();

/** The code of a plugin, as its jobs name it; undefined for a plugin that is not there, or has none that a thread may run. */
export function codeOf(entry: PluginEntry | undefined): PluginCode | undefined {
  if (entry === undefined || (entry.module === null && entry.sandbox === undefined)) return undefined;
  let found = known.get(entry);
  if (found === undefined) {
    const { id, module, sandbox, manifest } = entry;
    const schema = secretSchema(manifest.options);
    found = { plugin: id, module: module ?? '', ...(sandbox && { sandbox }), ...(schema && { schema }) };
    known.set(entry, found);
  }
  return found;
}
