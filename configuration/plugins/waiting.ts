import type { ErrorCode } from '../../core/errors.ts';
import type { PluginEntry } from '../model.ts';

/** What is said of a function or collector that does not exist: it may be one of a plugin that waits for approval. */
export function unlessWaiting(plugins: Iterable<PluginEntry>, code: ErrorCode, message: string): string {
  const isFunction = code === 'OPSBRO_EXPRESSION_UNKNOWN_FUNCTION';
  const name =
    isFunction || code === 'OPSBRO_CONFIG_UNKNOWN_COLLECTOR' ? /'([^']+)'/.exec(message)?.[1] : null;
  if (name == null) return message;
  const waiting = [...plugins].find(({ approval, manifest }) => {
    const functions = Object.entries(manifest.functions ?? {});
    const names = functions.flatMap(([own, { aliases = [] }]) => [own, ...aliases]);
    const isMeant = manifest.kind === 'collector' && manifest.name === name.toLowerCase();
    return approval === 'pending' && (isFunction ? names.includes(name) : isMeant);
  });
  if (waiting === undefined) return message;
  const what = `the ${isFunction ? 'function' : 'collector'} '${name}'`;
  return `${what} waits with its plugin for approval, see 'opsbro plugins approve ${waiting.id}'`;
}
