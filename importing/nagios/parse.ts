import { nearest } from '../../language/nearest.ts';
import { canonicalName, isObjectType, knownDirectives, objectTypes } from './directives.ts';
import type { Faults } from './faults.ts';
import type { Definition, ObjectType, Place } from './model.ts';

/** A line with what is continued on the next ones, trimmed; `line` is the first of them. */
interface Line {
  text: string;
  line: number;
}

/** A file of objects: its definitions, and the files it includes. */
export interface ParsedObjects {
  definitions: Definition[];
  includes: { kind: 'file' | 'dir'; path: string; place: Place }[];
}

/** Hours such as `09:00-12:00,13:00-17:00` at the end of a directive of a time period. */
const hours = /^(.*\S)\s+(\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2}(?:\s*,\s*\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2})*)$/;

/** The lines of a text: a backslash at the end goes on with the next line. Empty ones and those that begin with a comment are left out. */
export function* linesOf(text: string): Generator<Line, void> {
  let begun: Line | null = null;
  let number = 0;
  for (const raw of text.split('\n')) {
    number += 1;
    const written = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const slashes: number = /\\*$/.exec(written)?.[0].length ?? 0;
    const isContinued = slashes % 2 === 1;
    const body: string = slashes === 0 ? written : written.slice(0, -1);
    begun =
      begun === null
        ? { text: body, line: number }
        : { text: begun.text + body.trimStart(), line: begun.line };
    if (isContinued) continue;
    const line: Line = { text: begun.text.trim(), line: begun.line };
    begun = null;
    if (line.text !== '' && !/^[#;]/.test(line.text)) yield line;
  }
  if (begun !== null && begun.text.trim() !== '' && !/^\s*[#;]/.test(begun.text))
    yield { text: begun.text.trim(), line: begun.line };
}

/** Reads the `define TYPE { … }` of a text. What is wrong is a fault; the rest goes on. */
export function parseObjects(text: string, file: string, faults: Faults): ParsedObjects {
  const parsed: ParsedObjects = { definitions: [], includes: [] };
  let open: Definition | null = null;
  /** Of an unknown kind: its lines are skipped. */
  let isSkipping = false;
  for (const { text: line, line: number } of linesOf(text)) {
    const place = { file, line: number };
    const define = /^define\s+([^\s{]+)\s*(.*)$/.exec(line);
    if (define !== null) {
      if (open !== null)
        faults.add(open.place, `this definition has no '}' before the next one at line ${number}`);
      open = begin(define[1] as string, define[2] as string, place, faults);
      isSkipping = open === null;
      if (open !== null) parsed.definitions.push(open);
    } else if (line.startsWith('}')) {
      if (open === null && !isSkipping) faults.add(place, "found '}' outside of a definition");
      open = null;
      isSkipping = false;
    } else if (open !== null) addDirective(open, uncommented(line), place, faults);
    else if (!isSkipping) outside(line, place, parsed, faults);
  }
  if (open !== null) faults.add(open.place, "this definition has no '}' before the end of the file");
  return parsed;
}

function begin(name: string, rest: string, place: Place, faults: Faults): Definition | null {
  if (!uncommented(rest).startsWith('{')) faults.add(place, `found 'define ${name}' without '{' on its line`);
  else if (uncommented(rest) !== '{')
    faults.add(place, `found text behind '{', expected it on the next line`);
  if (!isObjectType(name)) {
    const near = nearest(name, objectTypes);
    const advice = near === undefined ? '' : `; did you mean '${near}'?`;
    faults.add(place, `there is no kind of object '${name.slice(0, 60)}'${advice}`);
    return null;
  }
  return { type: name, place, directives: new Map() };
}

/** Without what follows a `;`; `\;` is a semicolon. */
function uncommented(line: string): string {
  return line
    .replace(/(?<!\\);.*$/s, '')
    .replaceAll('\\;', ';')
    .trim();
}

function addDirective(
  { type, directives }: Definition,
  text: string,
  place: Place,
  faults: Faults,
): undefined {
  if (text === '') return;
  const timed = type === 'timeperiod' ? hours.exec(text) : null;
  const [, plainName = '', plainValue = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  const isNamed = knownDirectives(type).has(plainName) || plainName.startsWith('_');
  const isHours = timed !== null && !isNamed;
  const name = isHours
    ? (timed[1] as string).toLowerCase().replaceAll(/\s+/g, ' ')
    : canonicalName(type, plainName);
  const value = isHours ? (timed[2] as string) : plainValue;
  if (!isHours && !name.startsWith('_') && !knownDirectives(type).has(name))
    return faults.add(place, unknownDirective(type, name));
  if (directives.has(name) && !isHours)
    faults.add(place, `'${name}' stands twice in this ${type}; the last one counts`);
  directives.set(name, { value, place });
}

function unknownDirective(type: ObjectType, name: string): string {
  const near = nearest(name, knownDirectives(type));
  const advice = near === undefined ? '' : `; did you mean '${near}'?`;
  return `there is no directive '${name.slice(0, 60)}' in a ${type}${advice}`;
}

function outside(line: string, place: Place, parsed: ParsedObjects, faults: Faults): undefined {
  const [, kind, path = ''] = /^include_(file|dir)\s*=\s*(.+)$/.exec(line) ?? [];
  if (kind === undefined)
    return faults.add(
      place,
      `found '${line.slice(0, 60)}' outside of a definition, expected 'define TYPE {'`,
    );
  parsed.includes.push({ kind: kind as 'file' | 'dir', path, place });
}
