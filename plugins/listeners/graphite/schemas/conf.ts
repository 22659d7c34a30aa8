/** One `[section]` of a file that Graphite reads, with its keys in small letters. */
export interface ConfSection {
  name: string;
  /** Where it begins, from 1. */
  line: number;
  values: ReadonlyMap<string, string>;
}

/** Reads `storage-schemas.conf` and its like: sections in order, `key = value` or `key: value`. Throws a text that names the line it cannot read. */
export function parseConf(text: string): ConfSection[] {
  const sections: { name: string; line: number; values: Map<string, string> }[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const name = /^\[(.+)\]$/.exec(line)?.[1];
    if (name !== undefined) {
      sections.push({ name, line: index + 1, values: new Map() });
      continue;
    }
    const [, key, value] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    const section = sections.at(-1);
    if (key === undefined || value === undefined || section === undefined)
      throw new Error(`line ${index + 1} is neither a [section] nor 'key = value'`);
    section.values.set(key.toLowerCase(), value);
  }
  return sections;
}
