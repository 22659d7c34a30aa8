import type { Json } from 'opsbro/sdk';
import type { ErrorCode } from '../../core/errors.ts';
import { nearest } from '../../language/nearest.ts';
import { lookUp, type MacroToken, tokensOf } from '../sources/macros.ts';
import { ShellText } from './shell-place.ts';

/** What a `script` comes to: a program with its arguments, or a text for a shell. */
export type ScriptPlan = { argv: string[] } | { shell: string };

/** One thing that is wrong with a macro. `argument` is its place in a list, `offset` the place in its text. */
export interface MacroFinding {
  severity: 'error' | 'warning';
  code: ErrorCode;
  message: string;
  argument: number | null;
  offset: number;
}

/** A script with its macros replaced; null when one of them has no value that could stand where it stands. */
export interface Expansion {
  plan: ScriptPlan | null;
  findings: MacroFinding[];
  /** What is wrong with each macro that names nothing; with any, the command is not to be run. */
  unresolved: string[];
}

/**
 * Replaces the `$…$` of a script by values of the trees, the first that has one. In a text for a shell a value is quoted for the place
 * where it stands: it stays (part of) one argument and adds no command. What a second shell makes of that argument (`sh -c`, `eval`, ssh)
 * is outside of its reach. A macro that names nothing becomes nothing and is told as unresolved, with a warning. Pure.
 */
export function expandScript(script: string | string[], trees: readonly Json[]): Expansion {
  const expander = new Expander(trees);
  const plan = Array.isArray(script)
    ? { argv: script.map((word, index) => expander.word(word, index)) }
    : { shell: expander.shell(script) };
  const { findings, unresolved } = expander;
  const isRefused = findings.some(({ severity }) => severity === 'error');
  return { plan: isRefused ? null : plan, findings, unresolved: [...unresolved] };
}

class Expander {
  readonly findings: MacroFinding[] = [];
  readonly unresolved = new Set<string>();
  private readonly trees: readonly Json[];
  private argument: number | null = null;

  constructor(trees: readonly Json[]) {
    this.trees = trees;
  }

  word(word: string, index: number): string {
    this.argument = index;
    const pieces = [...tokensOf(word)];
    return pieces.map((token) => (typeof token === 'string' ? token : (this.value(token) ?? ''))).join('');
  }

  shell(script: string): string {
    const text = new ShellText();
    let result = '';
    for (const token of tokensOf(script, () => text.escapes)) {
      const isPlain = typeof token === 'string';
      // A comment's macros stay as they are: a value's line end would end the comment.
      const plain = isPlain ? token : text.place === 'comment' ? token.text : null;
      if (plain !== null) text.feed(plain);
      result += plain ?? this.quoted(token as MacroToken, text);
    }
    return result;
  }

  private quoted(token: MacroToken, text: ShellText): string {
    const { place } = text;
    const value = this.value(token);
    if (typeof place === 'object') this.error(token, `stands ${place.refused}`);
    if (value === undefined || typeof place === 'object') return '';
    text.passValue();
    if (place === 'double') return value.replaceAll(/[\\"$`]/g, '\\$&');
    const inQuotes = value.replaceAll("'", "'\\''");
    return place === 'single' ? inQuotes : `'${inQuotes}'`;
  }

  /** The text of a macro; undefined where it names nothing that has one. */
  private value(token: MacroToken): string | undefined {
    for (const path of token.macro)
      for (const tree of this.trees) {
        const value = lookUp(tree, path);
        if (value !== undefined && value !== null) return this.textOf(value, token);
      }
    const near = this.meant(token);
    const problem = `names nothing${near === undefined ? '' : ` (did you mean $${near}$?)`}`;
    this.unresolved.add(`macro $${nameOf(token)}$ ${problem}`);
    const result = 'the check is UNKNOWN and its command is not run';
    this.find('warning', 'OPSBRO_CONFIG_UNKNOWN_MACRO', token, `${problem}: ${result}`);
    return undefined;
  }

  private meant(token: MacroToken): string | undefined {
    const known = new Set(this.trees.flatMap((tree) => pathsOf(tree)));
    for (const path of token.macro) {
      const near = nearest(path.join('.'), known);
      if (near !== undefined) return near;
    }
    return undefined;
  }

  private textOf(value: Exclude<Json, null>, token: MacroToken): string | undefined {
    if (typeof value === 'object') {
      const keys = Array.isArray(value) ? [] : Object.keys(value).slice(0, 5);
      const hint = keys.length === 0 ? '' : `: ${keys.join(', ')}`;
      const kind = Array.isArray(value)
        ? 'a list, which has no text'
        : `a mapping; name one of its keys${hint}`;
      return this.error(token, `names ${kind}`);
    }
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    const text = String(value);
    return text.includes('\0')
      ? this.error(token, 'names a text with a NUL, which no argument can hold')
      : text;
  }

  private error(token: MacroToken, problem: string): undefined {
    this.find('error', 'OPSBRO_CONFIG_TYPE', token, problem);
  }

  private find(severity: 'error' | 'warning', code: ErrorCode, token: MacroToken, problem: string): void {
    const { argument } = this;
    this.findings.push({
      severity,
      code,
      message: `the macro $${nameOf(token)}$ ${problem}`,
      argument,
      offset: token.offset,
    });
  }
}

function nameOf({ macro }: MacroToken): string {
  return macro.map((path) => path.join('.')).join('|');
}

/** The paths of a tree to all that has a text. */
function pathsOf(tree: Json, above: readonly string[] = []): string[] {
  if (tree === null || Array.isArray(tree)) return [];
  if (typeof tree !== 'object') return [above.join('.')];
  return Object.entries(tree).flatMap(([key, value]) => pathsOf(value, [...above, key]));
}
