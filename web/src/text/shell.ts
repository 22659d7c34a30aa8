/** One word of a POSIX shell: as it is where it may be, in single quotes otherwise. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A command line of these words; those that are undefined are left out. */
export function commandLine(...words: (string | undefined)[]): string {
  return words.flatMap((word) => (word === undefined ? [] : [quoted(word)])).join(' ');
}
