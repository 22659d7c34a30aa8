import { relative } from 'node:path';
import type { Diagnostic, Place } from '../configuration/model.ts';
import type { CliContext } from './context.ts';

/** `file:line:column`, below the working directory without its path. */
export function placeText({ file, line, column }: Place): string {
  const near = relative(process.cwd(), file);
  return `${near === '' || near.startsWith('..') ? file : near}:${line}:${column}`;
}

/** One line a finding: `file:line:column: message`, warnings marked. */
export function diagnosticText(cli: CliContext, { severity, message, place }: Diagnostic): string {
  const mark = severity === 'warning' ? `${cli.paint.yellow('warning:')} ` : '';
  return `${cli.paint.bold(placeText(place))}: ${mark}${message}`;
}
