import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OpsbroError } from '../core/errors.ts';
import type { ImportedFile } from '../importing/import-nagios.ts';
import { formatCount } from './quantities.ts';

/** Names that are shown of what is many. */
export const shownNames = 5;

/** Writes the files of an import below `out`: all, or none where one exists, unless that is forced. */
export function writeImported(files: readonly ImportedFile[], out: string, isForced: boolean): void {
  const there = isForced ? [] : files.filter(({ path }) => existsSync(join(out, path)));
  if (there.length > 0) {
    const names = there.slice(0, shownNames).map(({ path }) => path);
    const more = there.length > shownNames ? `, and ${there.length - shownNames} more` : '';
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `in ${out} there is already ${names.join(', ')}${more}; name another directory by --out, or replace them by --force. Nothing was written`,
    );
  }
  for (const { path, text, isSecret } of files) {
    const target = join(out, path);
    try {
      mkdirSync(dirname(target), { recursive: true });
      if (isForced) rmSync(target, { force: true });
      writeFileSync(target, text, { flag: 'wx', mode: isSecret ? 0o600 : 0o644 });
    } catch (cause) {
      const { message } = cause as Error;
      throw new OpsbroError('OPSBRO_HOST_IO', `cannot write '${target}': ${message}`, { cause });
    }
  }
}

/** Files in a document of JSON: with their texts where none was written, which show no secret. */
export function fileViews(files: readonly ImportedFile[], isDry: boolean): { path: string; text?: string }[] {
  return files.map(({ path, text, shown = text }) => (isDry ? { path, text: shown } : { path }));
}

/** Those that are not there yet just as they are. */
export function changedFiles(files: readonly ImportedFile[], out: string): ImportedFile[] {
  return files.filter(({ path, text }) => {
    try {
      return readFileSync(join(out, path), 'utf8') !== text;
    } catch {
      return true;
    }
  });
}

/** A remark of a report, as a line of text. */
export interface RemarkLine {
  /** Line 0: it is no file. */
  place?: { file: string; line: number };
  object?: string;
  objects?: number;
  what: string;
}

/** A title and its remarks; nothing where there are none. */
export function remarkSection(title: string, lines: readonly RemarkLine[]): string[] {
  const shown = lines.map(({ place, object = '', objects = 1, what }) => {
    const also = objects > 1 ? ` (and ${formatCount(objects - 1, 'other')})` : '';
    const where =
      place === undefined ? '' : place.line === 0 ? `${place.file}: ` : `${place.file}:${place.line}: `;
    const of = object === '' || object === place?.file ? '' : `${object}${also}: `;
    return `  ${where}${of}${what}`;
  });
  return shown.length === 0 ? [] : ['', title, ...shown.map(printable)];
}

/** Names come from files: nothing of them may move a terminal's cursor. */
function printable(line: string): string {
  return line.replaceAll(/\p{Cc}+/gu, ' ');
}
