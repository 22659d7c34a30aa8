/** Words at which a shell does something else than starting a program; scripts that begin with one need the shell itself. */
export const shellsOwn: ReadonlySet<string> = new Set(
  (
    'if then else elif fi case esac for while until do done in { } ! function select time [[ ]] ' +
    '. : break continue eval exec exit export readonly return set shift times trap unset source ' +
    'alias bg cd command echo false fc fg getopts hash jobs kill local printf pwd read test true type ulimit ' +
    'umask unalias wait [ builtin declare let typeset shopt enable history logout popd pushd dirs suspend ' +
    'coproc caller compgen complete compopt mapfile readarray disown bind print whence'
  ).split(' '),
);

/** Characters that mean nothing to a shell, wherever they stand. */
const plain = /[A-Za-z0-9_\-+=:,./@%^]/;

/** Quotes a text so that any POSIX shell takes it as one word, unchanged. It must not contain NUL. */
export function shellWord(text: string): string {
  return text.includes("'") ? `'${text.replaceAll("'", `'\\''`)}'` : `'${text}'`;
}

/**
 * The words of a script that is one plain command: a program and its arguments, bare or quoted. Undefined when it has syntax that
 * only a shell can carry out (variables, pipes, patterns, assignments, a shell's own commands) or does not end: then the whole of it is
 * the shell's.
 */
export function simpleWords(script: string): string[] | undefined {
  const words: string[] = [];
  let rest = script.replace(/^[ \t\n]+|[ \t\n]+$/g, '');
  while (rest !== '') {
    const read = readWord(rest);
    if (read === undefined) return undefined;
    words.push(read.word);
    rest = rest.slice(read.length).replace(/^[ \t]+/, '');
  }
  const [program] = words;
  if (program === undefined || program === '' || shellsOwn.has(program) || program.includes('='))
    return undefined;
  return words;
}

/** The word a text begins with, and how much of the text it takes. */
function readWord(text: string): { word: string; length: number } | undefined {
  let word = '';
  let at = 0;
  while (at < text.length && text[at] !== ' ' && text[at] !== '\t') {
    const char = text[at] ?? '';
    if (char === "'") {
      const end = text.indexOf("'", at + 1);
      if (end === -1) return undefined;
      word += text.slice(at + 1, end);
      at = end + 1;
    } else if (char === '"') {
      const quoted = /^"((?:[^"\\$`]|\\[\s\S])*)"/.exec(text.slice(at));
      if (quoted === null) return undefined;
      word += unescapeQuoted(quoted[1] ?? '');
      at += quoted[0].length;
    } else if (plain.test(char) || char > '\x7f') {
      word += char;
      at += 1;
    } else return undefined;
  }
  return word.includes('\0') ? undefined : { word, length: at };
}

/** Inside double quotes a backslash counts only before these (POSIX shell, 2.2.3). */
function unescapeQuoted(text: string): string {
  return text.replaceAll(/\\([$`"\\\n])/g, (_, char: string) => (char === '\n' ? '' : char));
}
