/** Sections of an INI file by name, each with its options by lower-case name. */
export type Ini = Map<string, Map<string, string>>;

/**
 * Reads the dialect of OverC's files: `=` or `:` behind a name, comment lines with `#` or `;`, lines that begin with a blank go on, `%%` is
 * `%`. Throws with the line that is none.
 */
export function readIni(text: string, path: string): Ini {
  const sections: Ini = new Map();
  let section: Map<string, string> | undefined;
  let last = '';
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*([#;].*)?$/.test(line) || /^rem\s/i.test(line)) continue;
    const head = /^\[([^\]]+)\]/.exec(line)?.[1];
    const option = /^([^:=\s][^:=]*?)\s*[:=]\s*(.*)$/.exec(line);
    if (/^\s/.test(line) && section !== undefined && last !== '')
      section.set(last, `${section.get(last)}\n${unescaped(line.trim())}`);
    else if (head !== undefined) {
      section = sections.get(head) ?? new Map();
      sections.set(head, section);
      last = '';
    } else if (option !== null && section !== undefined) {
      last = (option[1] as string).toLowerCase();
      section.set(last, unescaped((option[2] as string).replace(/\s;.*$/, '').trim()));
    } else throw new Error(`${path}:${index + 1}: is neither a section nor an option: ${line.slice(0, 80)}`);
  }
  return sections;
}

function unescaped(value: string): string {
  return value.replaceAll('%%', '%');
}
