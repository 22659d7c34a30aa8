import type { ReportedResult } from 'opsbro/sdk';

/** What a line says: a result, the name of a command that is none of these, or nothing that is one. */
export type ReadCommand = { result: ReportedResult } | { unknown: string } | 'malformed';

const command = /^\s*\[(\d{1,20})\]\s+([A-Z][A-Z0-9_]*)(?:;([\s\S]*))?$/;
/** Where another command begins, behind one whose writer died in the middle. */
const later = /\[\d{1,20}\]\s+PROCESS_(?:SERVICE|HOST)_CHECK_RESULT;/g;

/** Understands a line of Nagios' external command file: `[time] COMMAND;argument;…`. */
export function readCommand(line: string): ReadCommand {
  const [, , name = '', rest = ''] = command.exec(line) ?? [];
  if (name === 'PROCESS_SERVICE_CHECK_RESULT') {
    const [host = '', service = '', code = '', ...output] = rest.split(';');
    return resultOf(line, host, service, code, output);
  }
  if (name === 'PROCESS_HOST_CHECK_RESULT') {
    const [host = '', code = '', ...output] = rest.split(';');
    return resultOf(line, host, null, code, output);
  }
  // What is well formed is one command, whatever its text holds: a comment must not be taken for a result.
  return name === '' ? (restOf(line) ?? 'malformed') : { unknown: name };
}

function resultOf(
  line: string,
  host: string,
  service: string | null,
  code: string,
  output: string[],
): ReadCommand {
  if (/^\s*-?\d{1,9}\s*$/.test(code) && output.length > 0)
    return { result: { host, service, code: Number(code), output: output.join(';') } };
  return restOf(line) ?? 'malformed';
}

/** The last command of a line that begins with half of another. */
function restOf(line: string): ReadCommand | undefined {
  const at = [...line.matchAll(later)].at(-1)?.index ?? 0;
  return at === 0 ? undefined : readCommand(line.slice(at));
}
