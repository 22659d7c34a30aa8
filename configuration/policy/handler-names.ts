import type { Json } from 'opsbro/sdk';
import { nearest } from '../../language/nearest.ts';
import type { Path } from '../sources/yaml.ts';
import type { Report } from './report.ts';

const maxNamed = 10;

/**
 * Warns of every name of the list at `path` that is no handler; `subject` is whose list it is, `result` ends the message. What is no list of
 * names is somebody else's to tell.
 */
export function checkHandlerNames(
  subject: string,
  names: Json | undefined,
  path: Path,
  handlers: ReadonlySet<string>,
  report: Report,
  result = '',
): void {
  for (const [index, name] of (Array.isArray(names) ? names : []).entries()) {
    if (typeof name !== 'string' || handlers.has(name)) continue;
    const near = nearest(name, handlers);
    const hint = near === undefined ? '' : `did you mean '${near}'? `;
    const message = `${subject} names the handler '${name}', which is not configured and is never called; ${hint}${known(handlers)}${result}`;
    report('warning', 'OPSBRO_CONFIG_UNKNOWN_HANDLER', message, [...path, index]);
  }
}

function known(handlers: ReadonlySet<string>): string {
  const names = [...handlers].sort();
  if (names.length === 0) return 'no handler is configured';
  const more = names.length > maxNamed ? ' …' : '';
  return `the handlers are ${names.slice(0, maxNamed).join(', ')}${more}`;
}

/** The list when it is one of texts, else undefined. */
export function nameList(value: Json | undefined): string[] | undefined {
  return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : undefined;
}
