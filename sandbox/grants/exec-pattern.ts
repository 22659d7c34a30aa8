import { posix } from 'node:path';
import { any, covers, hidden, includesWord, matchesWord, parseWord, type Word } from './wildcard.ts';

/**
 * A program and its arguments: `/usr/sbin/postqueue -j`. In a word `*` stands for anything, at its beginning not for a `-`: where a name is granted
 * no option is; a last `...` for any further words; `*` alone for every command.
 */
export interface ExecPattern {
  text: string;
  /** Null for every program. */
  file: string | null;
  words: readonly Word[];
  /** Whether further words may follow. */
  isOpen: boolean;
}

const maxText = 1024;

/** Reads a pattern of commands. Throws an Error whose message continues `'<pattern>' `. */
export function parseExecPattern(text: string): ExecPattern {
  if (text === '*') return { text, file: null, words: [], isOpen: true };
  if (text.length > maxText) throw new Error(`is over ${maxText} characters`);
  if (hidden.test(text)) throw new Error('contains a control character');
  const [file = '', ...words] = text.trim().split(/ +/);
  if (!file.startsWith('/') || posix.normalize(file) !== file || file.endsWith('/'))
    throw new Error('does not begin with the absolute path of a program, such as /usr/sbin/postqueue -j');
  if (file.includes('*')) throw new Error("has a '*' in the program's path; name the one program");
  const isOpen = words.at(-1) === '...';
  const fixed = isOpen ? words.slice(0, -1) : words;
  if (fixed.includes('...')) throw new Error("has '...' before its last word");
  return { text, file, words: fixed.map((word) => parseWord(word, '*')), isOpen };
}

/** Whether the pattern covers a program with these arguments. */
export function matchesExec(
  { file, words, isOpen }: ExecPattern,
  program: string,
  args: readonly string[],
): boolean {
  if (file === null) return true;
  if (program !== file || args.length < words.length || (!isOpen && args.length > words.length)) return false;
  return words.every(
    (word, index) => takes(word, (args[index] ?? '')[0]) && matchesWord(word, args[index] ?? ''),
  );
}

/** Whether every command of `inner` is one of `outer`. */
export function includesExec(outer: ExecPattern, inner: ExecPattern): boolean {
  if (outer.file === null) return true;
  if (outer.file !== inner.file || (inner.isOpen && !outer.isOpen)) return false;
  const wanted = inner.words.slice(0, outer.isOpen ? outer.words.length : undefined);
  return covers(
    outer.words,
    wanted,
    () => false,
    (word, of) => takes(word, of[0]) && includesWord(word, of),
  );
}

/** Whether a word may begin with this. */
function takes(word: Word, first: string | undefined): boolean {
  return first !== '-' || word[0] !== any;
}
