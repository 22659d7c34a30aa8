/** One option of a section. */
export interface IniOption {
  value: string;
  line: number;
}

/** A section: its options by lower-case name, those of `[DEFAULT]` below them. */
export interface IniSection {
  name: string;
  line: number;
  options: Map<string, IniOption>;
}

/** What a text says, and what is wrong with it. `fail` gets the line. */
export type IniProblem = (line: number, problem: string) => never;

/**
 * Reads the dialect of 1.0.9's files: `[section]`, `option = value` or `option: value`, lines indented below an option as more of its value, comment
 * lines with `#` or `;`. Names of options are taken without regard to case, of sections as they stand; the last of several equal options holds.
 * `%%` is a percent sign, `%(option)s` the value of another option.
 */
export function readIni(text: string, fail: IniProblem): IniSection[] {
  const sections = new Map<string, IniSection>();
  let section: IniSection | undefined;
  let option: IniOption | undefined;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    if (/^\s/.test(raw) && option !== undefined) {
      option.value += `\n${trimmed}`;
      continue;
    }
    const header = /^\[([^\]]+)\]/.exec(trimmed)?.[1];
    if (header !== undefined) {
      section = sections.get(header) ?? { name: header, line, options: new Map() };
      sections.set(header, section);
      option = undefined;
      continue;
    }
    const [, name, value] = /^([^:=\s][^:=]*)[:=](.*)$/.exec(trimmed) ?? [];
    if (name === undefined || value === undefined)
      return fail(line, `expected [section] or option=value, found '${trimmed}'`);
    if (section === undefined) return fail(line, `'${name.trim()}' stands above the first [section]`);
    option = { value: value.trim(), line };
    section.options.set(name.trim().toLowerCase(), option);
  }
  return resolved(sections, fail);
}

/** Carries `[DEFAULT]` into the other sections, then fills in. */
function resolved(sections: Map<string, IniSection>, fail: IniProblem): IniSection[] {
  const defaults = sections.get('DEFAULT');
  sections.delete('DEFAULT');
  return [...sections.values()].map((section) => {
    const options = new Map([...(defaults?.options ?? []), ...section.options]);
    const filled = [...options].map(([name, { value, line }]): [string, IniOption] => [
      name,
      { value: fill(value, line, options, fail), line },
    ]);
    return { ...section, options: new Map(filled) };
  });
}

const maxDepth = 10;

function fill(
  value: string,
  line: number,
  options: Map<string, IniOption>,
  fail: IniProblem,
  depth = 0,
): string {
  return value.replace(/%%|%\(([^)]*)\)s/g, (found, name: string | undefined) => {
    if (found === '%%' || name === undefined) return '%';
    const other = options.get(name.trim().toLowerCase());
    if (other === undefined) return fail(line, `'${found}' names no option; a percent sign is written %%`);
    if (depth >= maxDepth) return fail(line, `'${found}' refers to itself`);
    return fill(other.value, line, options, fail, depth + 1);
  });
}
