import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/** True for a template given by the name of its file: a text without spaces, line ends and braces that has an ending. */
export function isTemplateFile(text: string): boolean {
  return /^[^\s{}]+\.\w+$/.test(text);
}

/**
 * Where a template of an object lies: in `templates/` beside the object's file, or beside the folder of it, as packs have it. The first
 * that exists, else the first.
 */
export function findTemplate(name: string, objectFile: string): string {
  const folder = dirname(objectFile);
  const candidates = isAbsolute(name)
    ? [name]
    : [join(folder, 'templates', name), join(dirname(folder), 'templates', name)];
  return candidates.find((candidate) => existsSync(candidate)) ?? candidates[0] ?? name;
}
