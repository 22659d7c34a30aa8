import type { Json, JsonObject } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import { readOptionFile } from '../../threads/context/secrets.ts';
import { type TemplateFault, templateFault } from '../../threads/templates/render.ts';
import type { Place } from '../model.ts';
import type { Findings } from '../sources/findings.ts';
import { mapFormats } from '../sources/options.ts';
import { findTemplate, isTemplateFile } from '../sources/templates.ts';
import type { Path } from '../sources/yaml.ts';

const templateCode = 'OPSBRO_HOST_TEMPLATE';

/** The options with their templates located, and whether that depends on more than what is written: on files, which may change. */
export interface LocatedTemplates {
  options: JsonObject;
  hasFiles: boolean;
}

/**
 * The options with every `template` that is given by the name of a file turned into `{file}`, which the thread of the plugin reads at each
 * run. Warns of each that cannot be read, or filled whatever it is filled with. `at` is the place of an option, or of a character of its text.
 */
export function locateTemplates(
  schema: JsonObject,
  options: JsonObject,
  at: (path: Path, offset?: number) => Place,
  findings: Findings,
): LocatedTemplates {
  let hasFiles = false;
  const located = mapFormats(schema, options, (format, value, path): Json => {
    if (format !== 'template' || typeof value !== 'string') return value;
    if (!isTemplateFile(value)) {
      const fault = templateFault(value);
      if (fault !== null)
        findings.warning(templateCode, messageOf(path, fault.reason), at(path, offsetOf(value, fault)));
      return value;
    }
    hasFiles = true;
    const place = at(path);
    const file = findTemplate(value, place.file);
    checkFile(file, path, place, findings);
    return { file };
  });
  return { options: located as JsonObject, hasFiles };
}

function checkFile(file: string, path: Path, place: Place, findings: Findings): void {
  let template: string;
  try {
    template = readOptionFile(file);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const why = thrown instanceof OpsbroError ? message : code;
    const told = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${why}`;
    findings.warning(templateCode, `the template ${file} ${told}; each run looks for it again`, place);
    return;
  }
  const fault = templateFault(template);
  if (fault === null) return;
  const inside = fault.line === undefined ? '' : `:${fault.line}:${fault.column}`;
  findings.warning(templateCode, messageOf(path, `${file}${inside}: ${fault.reason}`), place);
}

function messageOf(path: Path, reason: string): string {
  return `'${path.join('.')}' cannot be filled: ${reason}`;
}

/** Characters before the place of a fault. */
function offsetOf(template: string, { line, column = 1 }: TemplateFault): number | undefined {
  if (line === undefined) return undefined;
  const before = template.split('\n').slice(0, line - 1);
  return before.reduce((sum, text) => sum + text.length + 1, column - 1);
}
