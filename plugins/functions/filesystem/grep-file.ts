import { isAbsolute } from 'node:path';
import type { FunctionContext, Json } from 'opsbro/sdk';
import { absolutePath } from './absolute-path.ts';
import { statOf } from './path-kinds.ts';
import { pythonPattern } from './python-pattern.ts';

const maxFileBytes = 8 * 1024 * 1024;
/** A backtracking expression costs more than linearly in the length of its subject, so only this much of a line is matched. */
const maxLineLength = 4096;
const maxPatternLength = 512;

/**
 * True when a line of the file holds `string`, in any case, or with `regexp` matches it as Python's `re.search(…, re.I)` would.
 * False when the file is absent, unreadable or no regular file. A file over 8 MiB is an error, since half an answer is a wrong one.
 * Packs exist that pass (path, string): with exactly one absolute path among the two, that one is the file.
 */
export async function grepFile(
  ctx: FunctionContext,
  string: Json = null,
  path: Json = null,
  regexp: Json = false,
): Promise<boolean> {
  if (typeof string !== 'string') throw new Error('the string to look for must be a string');
  const reversed = isAbsolute(string) && typeof path === 'string' && !isAbsolute(path);
  const [wanted, file] = reversed ? [path, string] : [string, absolutePath(path)];
  const matches = regexp === true || regexp === 1 ? patternMatcher(wanted) : textMatcher(wanted);
  if ((await statOf(ctx, file))?.type !== 'file') return false;
  const text = await ctx.tryReadText(file, { maxBytes: maxFileBytes });
  return text?.split(/\r?\n/).some(matches) ?? false;
}

function textMatcher(wanted: string): (line: string) => boolean {
  const lower = wanted.toLowerCase();
  return (line) => line.toLowerCase().includes(lower);
}

function patternMatcher(wanted: string): (line: string) => boolean {
  if (wanted.length > maxPatternLength)
    throw new Error(`the regular expression is over ${maxPatternLength} characters`);
  const pattern = pythonPattern(wanted);
  return (line) => pattern.test(line.slice(0, maxLineLength));
}
