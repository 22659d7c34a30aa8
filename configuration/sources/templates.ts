import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { JsonObject } from 'opsbro/sdk';
import { mapFormats } from './options.ts';
import type { Path } from './yaml.ts';

/** True for a template given by the name of its file: a text without spaces, line ends and braces that has an ending. */
export function isTemplateFile(text: string): boolean {
  return /^[^\s{}]+\.\w+$/.test(text);
}

/**
 * Where a template of an object lies: in `templates/` beside the object's file, or beside the folder of it, as packs have it. The first
 * that exists, else the first; `exists` tells which.
 */
export function findTemplate(name: string, objectFile: string): { file: string; exists: boolean } {
  const folder = dirname(objectFile);
  const candidates = isAbsolute(name)
    ? [name]
    : [join(folder, 'templates', name), join(dirname(folder), 'templates', name)];
  const found = candidates.find((candidate) => existsSync(candidate));
  return { file: found ?? candidates[0] ?? name, exists: found !== undefined };
}

/**
 * The options with every `template` that is given by the name of a file turned into `{file}`, which the thread of the plugin reads at each
 * run. `fileOf` tells in which file an option is written; it is called again with a message where the template does not exist.
 */
export function locateTemplates(
  schema: JsonObject,
  options: JsonObject,
  fileOf: (path: Path, missing?: string) => string,
): JsonObject {
  return mapFormats(schema, options, (format, value, path) => {
    if (format !== 'template' || typeof value !== 'string' || !isTemplateFile(value)) return value;
    const { file, exists } = findTemplate(value, fileOf(path));
    if (!exists)
      fileOf(path, `the template ${file} does not exist; the plugin's own text is used until it does`);
    return { file };
  }) as JsonObject;
}
