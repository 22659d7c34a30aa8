import type { Json, JsonObject } from 'opsbro/sdk';

/** A `$a.b | c$` macro: its alternatives, each a path. */
export type Macro = string[][];

/** A macro as it stands in a text: `offset` counts from the text's start. */
export interface MacroToken {
  macro: Macro;
  text: string;
  offset: number;
}

const name = String.raw`[\p{L}_][\p{L}\p{N}_%-]*(?:\.[\p{L}\p{N}_%-]+)*`;
const names = `${name}(?: *\\| *${name})*`;
/** Spaces at the end only behind spaces at the begin: `$HOME $USER` are two variables of a shell, not a macro. */
const macroHere = new RegExp(`\\$(?: +(${names}) *|(${names}))\\$`, 'uy');

/**
 * The plain texts and macros of a text, in order; `$$` is a plain dollar, and so is one that begins no macro or that `isEscaped` tells to
 * be escaped by the text before it, which has been taken by then.
 */
export function* tokensOf(
  text: string,
  isEscaped: () => boolean = () => false,
): Generator<string | MacroToken, void> {
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar !== at) yield text.slice(at, dollar === -1 ? text.length : dollar);
    if (dollar === -1) return;
    macroHere.lastIndex = dollar;
    const found = isEscaped() ? null : macroHere.exec(text);
    const list = found?.[1] ?? found?.[2];
    if (found === null || list === undefined) {
      const isDouble = text[dollar + 1] === '$' && !isEscaped();
      at = dollar + (isDouble ? 2 : 1);
      yield '$';
    } else {
      at = dollar + found[0].length;
      const macro = list.split('|').map((path) => path.trim().split('.'));
      yield { macro, text: found[0], offset: dollar };
    }
  }
}

/** The macros of a command line (text or list of arguments), in order. */
export function macrosOf(script: Json | undefined): Macro[] {
  const texts = (Array.isArray(script) ? script : [script]).filter((item) => typeof item === 'string');
  return texts.flatMap((text) =>
    [...tokensOf(text)].flatMap((token) => (typeof token === 'string' ? [] : [token.macro])),
  );
}

/** First names of the `configuration.…` references in an object's texts. */
export function configurationNames(value: Json): string[] {
  if (typeof value === 'string')
    return [...value.matchAll(/\bconfiguration\.([^.\s{}|]+)/g)].map(([, name]) => name!);
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(configurationNames);
}

/** Walks own keys of mappings; undefined where the path ends early. */
export function lookUp(tree: Json | undefined, path: readonly string[]): Json | undefined {
  let value = tree;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step))
      return undefined;
    value = value[step];
  }
  return value;
}

/** The base with every key of `over`: mappings merge, everything else is replaced. Neither is changed. */
export function mergeTrees(base: JsonObject, over: JsonObject): JsonObject {
  const result: JsonObject = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = Object.hasOwn(result, key) ? result[key] : undefined;
    const both = [before, value].every(
      (side) => typeof side === 'object' && side !== null && !Array.isArray(side),
    );
    result[key] = both ? mergeTrees(before as JsonObject, value as JsonObject) : value;
  }
  return result;
}
