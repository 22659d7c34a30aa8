/** A command line with its macros replaced. */
export interface Expanded {
  text: string;
  /** Macros that have no value before a check runs, such as `SERVICESTATE`. */
  unknown: string[];
  /** `USERn` that were put in. */
  users: string[];
}

/** Values of macros, by name without dollars; undefined where there is none. */
export type MacroValues = (name: string) => string | undefined;

const maxText = 64 * 1024;
/** What Nagios itself would take for a macro; other text between two dollars is the shell's. */
const macroName =
  /^(_(HOST|SERVICE|CONTACT)\w+|ARG\d+|USER\d+|(LAST|MAX|LONG|SHORT|NEXT|PREVIOUS|IS)?(HOST|SERVICE|CONTACT|NOTIFICATION|TOTAL|DATE|TIME|PROCESS|EVENT|VALID|LOG|ADMIN)[A-Z0-9]*)(:.*)?$/;

/** True for the name of a macro that Nagios knows, whether it has a value here or not. */
export function isMacro(name: string): boolean {
  return macroName.test(name);
}

/** Splits `check_command` at its `!`; `\!` is an exclamation mark. */
export function splitCommand(text: string): { name: string; args: string[] } {
  const [name = '', ...args] = text.split(/(?<!\\)!/).map((part) => part.replaceAll('\\!', '!'));
  return { name: name.trim(), args };
}

/** Replaces the macros of a text as Nagios does: `$$` is a dollar, and what is no macro stays. null when the result would be over 64 KiB. */
export function expandMacros(text: string, values: MacroValues): Expanded | null {
  const unknown: string[] = [];
  const users: string[] = [];
  const pieces = text.split('$');
  let size = text.length;
  const result = pieces.map((piece, index) => {
    if (index % 2 === 0) return piece;
    if (index === pieces.length - 1) return `$${piece}`;
    if (piece === '') return '$';
    const value = values(piece);
    if (/^USER\d+$/.test(piece)) users.push(piece);
    if (value === undefined && macroName.test(piece)) unknown.push(piece);
    size += value?.length ?? 0;
    return size > maxText ? '' : (value ?? `$${piece}$`);
  });
  return size > maxText ? null : { text: result.join(''), unknown, users };
}

/** The command line of a command with these arguments. */
export function commandText(line: string, args: string[], values: MacroValues): Expanded | null {
  const own = args.map((arg) => expandMacros(arg, values));
  if (own.some((each) => each === null)) return null;
  const found = own as Expanded[];
  const expanded = expandMacros(line, (name) => {
    const [, number] = /^ARG(\d+)$/.exec(name) ?? [];
    return number === undefined ? values(name) : (found[Number(number) - 1]?.text ?? '');
  });
  if (expanded === null) return null;
  const used = found.filter((_, index) => line.includes(`$ARG${index + 1}$`));
  return {
    text: expanded.text,
    unknown: [...new Set([...expanded.unknown, ...used.flatMap(({ unknown }) => unknown)])],
    users: [...new Set([...expanded.users, ...used.flatMap(({ users }) => users)])],
  };
}
