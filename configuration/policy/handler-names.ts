import type { Json } from 'opsbro/sdk';
import { nearest } from '../../language/nearest.ts';
import type { Path } from '../sources/yaml.ts';
import type { Report } from './report.ts';

/**
 * Warns of every name of the list at `path` that is no handler; `result` ends the message. What is no list of names is somebody else's to
 * tell.
 */
export function checkHandlerNames(
  names: Json | undefined,
  path: Path,
  handlers: ReadonlySet<string>,
  report: Report,
  result = '',
): void {
  for (const [index, name] of (Array.isArray(names) ? names : []).entries()) {
    if (typeof name !== 'string' || handlers.has(name)) continue;
    const near = nearest(name, handlers);
    const known = handlers.size === 0 ? 'there is none' : `there is ${[...handlers].join(', ')}`;
    const hint = near === undefined ? known : `did you mean '${near}'?`;
    const message = `the handler '${name}' is not configured and is never called; ${hint}${result}`;
    report('warning', 'OPSBRO_CONFIG_UNKNOWN_HANDLER', message, [...path, index]);
  }
}

/** The list when it is one of texts, else undefined. */
export function nameList(value: Json | undefined): string[] | undefined {
  return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : undefined;
}
