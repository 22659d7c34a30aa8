/** Words of a command line as a shell splits them: blanks separate, quotes and backslashes keep together. Nothing else has a meaning. */
export function splitWords(command: string): string[] {
  const words: string[] = [];
  const token = /\s+|\\([\s\S])|'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|([^\s\\'"]+)|(['"\\])/g;
  let word: string | undefined;
  for (const [all, escaped, single, double, plain, open] of command.matchAll(token)) {
    if (open !== undefined) throw new Error(`the quotation of '${command}' does not end`);
    if (/^\s/.test(all)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else
      word = (word ?? '') + (escaped ?? single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? plain ?? '');
  }
  return word === undefined ? words : [...words, word];
}
