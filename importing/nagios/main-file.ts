import { dirname, isAbsolute, join } from 'node:path';
import type { Faults } from './faults.ts';
import type { Files } from './files.ts';
import type { Definition, Directive, Place } from './model.ts';
import { linesOf, parseObjects } from './parse.ts';

/** What the main file and all that it names hold, as written. */
export interface Source {
  settings: Map<string, Directive>;
  users: Map<string, Directive>;
  definitions: Definition[];
}

interface Reference {
  path: string;
  place: Place;
}

const maxDefinitions = 200_000;

/** Reads a main file (`nagios.cfg`), and the object and resource files it names, in their order. */
export function readSource(path: string, files: Files, faults: Faults): Source {
  const source: Source = { settings: new Map(), users: new Map(), definitions: [] };
  const start = { file: path, line: 1 };
  const text = files.text(path, start);
  if (text === null) return source;
  const folder = dirname(path);
  const queue: Reference[] = [];
  for (const { text: line, line: number } of linesOf(text)) {
    const place = { file: path, line: number };
    const [, name = '', value = ''] = /^([^=]+?)\s*=\s*(.*)$/s.exec(line) ?? [];
    const named = isAbsolute(value) ? value : join(folder, value);
    if (name === '') faults.add(place, `found '${line.slice(0, 60)}', expected 'name=value'`);
    else if (name === 'cfg_file') queue.push({ path: named, place });
    else if (name === 'cfg_dir')
      queue.push(...files.below(named, place).map((each) => ({ path: each, place })));
    else if (name === 'resource_file') readUsers({ path: named, place }, files, source.users, faults);
    else source.settings.set(name, { value, place });
  }
  readObjects(queue, files, source.definitions, faults);
  return source;
}

function readUsers(
  { path, place }: Reference,
  files: Files,
  users: Map<string, Directive>,
  faults: Faults,
): void {
  for (const { text, line } of linesOf(files.text(path, place) ?? '')) {
    const [, name, value = ''] = /^\$(\w+)\$\s*=\s*(.*)$/s.exec(text) ?? [];
    // The line may hold a password, so it is not repeated.
    if (name === undefined) faults.add({ file: path, line }, "found no '$USERn$=value' here");
    else users.set(name.toUpperCase(), { value, place: { file: path, line } });
  }
}

function readObjects(queue: Reference[], files: Files, definitions: Definition[], faults: Faults): void {
  for (const { path, place } of queue) {
    const text = files.text(path, place);
    if (text === null) continue;
    const parsed = parseObjects(text, path, faults);
    for (const include of parsed.includes) {
      const named = isAbsolute(include.path) ? include.path : join(dirname(path), include.path);
      const paths = include.kind === 'file' ? [named] : files.below(named, include.place);
      queue.push(...paths.map((each) => ({ path: each, place: include.place })));
    }
    for (const definition of parsed.definitions) definitions.push(definition);
    if (definitions.length <= maxDefinitions) continue;
    faults.add(place, `there are more than ${maxDefinitions} definitions; the rest is left out`);
    definitions.length = maxDefinitions;
    return;
  }
}
