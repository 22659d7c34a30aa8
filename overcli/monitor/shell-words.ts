/**
 * Splits a command as a POSIX shell splits words, with its quotes and backslashes and nothing else of it: no variables, patterns, pipes or
 * comments. Throws when a quote is left open.
 */
export function shellWords(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < command.length) {
    const char = command[at] ?? '';
    if (/[ \t\r\n]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
      continue;
    }
    const { text, length } = piece(command, at, char);
    word = (word ?? '') + text;
    at += length;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** What stands at `at`, and how many characters it takes there. */
function piece(command: string, at: number, char: string): { text: string; length: number } {
  if (char === "'") {
    const end = command.indexOf("'", at + 1);
    if (end === -1) throw new Error('No closing quotation');
    return { text: command.slice(at + 1, end), length: end + 1 - at };
  }
  if (char === '"') {
    const quoted = /^"((?:[^"\\]|\\[\s\S])*)"/.exec(command.slice(at));
    if (quoted === null) throw new Error('No closing quotation');
    return { text: (quoted[1] ?? '').replaceAll(/\\(["\\])/g, '$1'), length: quoted[0].length };
  }
  if (char === '\\') {
    const next = command[at + 1];
    if (next === undefined) throw new Error('No escaped character');
    return { text: next, length: 2 };
  }
  return { text: char, length: 1 };
}
