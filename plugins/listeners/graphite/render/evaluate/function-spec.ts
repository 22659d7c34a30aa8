import type { Series } from '../series/series.ts';
import type { Call } from './call.ts';

/** What kind of argument a function takes, in the words of Graphite's API. */
export type ParamType =
  | 'aggFunc'
  | 'aggOrSeriesFunc'
  | 'any'
  | 'boolean'
  | 'date'
  | 'float'
  | 'integer'
  | 'intOrInf'
  | 'intOrInterval'
  | 'interval'
  | 'node'
  | 'nodeOrTag'
  | 'seriesList'
  | 'seriesLists'
  | 'string'
  | 'tag';

/** One parameter of a function. */
export interface Param {
  name: string;
  type: ParamType;
  required: boolean;
  /** It takes all further arguments. */
  multiple: boolean;
  default?: string | number | boolean;
  options?: string[];
}

/** Groups of functions, as pickers of functions show them. */
export type FunctionGroup =
  | 'Alias'
  | 'Calculate'
  | 'Combine'
  | 'Filter Data'
  | 'Filter Series'
  | 'Graph'
  | 'Sorting'
  | 'Special'
  | 'Transform';

/** A function that targets may call. */
export interface FunctionSpec {
  name: string;
  aliases?: string[];
  group: FunctionGroup;
  /** One sentence for people. */
  summary: string;
  params: Param[];
  run(call: Call): Series[];
}

/**
 * Parameters of a function, written `name:type` with `!` for one that must be given, `*` for one that takes all further arguments, `=x` for a
 * default and `(a|b)` for the texts to choose from.
 */
export function params(text: string): Param[] {
  return text.split(' ').map((word) => {
    const found = /^(\w+):(\w+)(!?)(\*?)(?:=([^(]+))?(?:\((.+)\))?$/.exec(word);
    if (found === null) throw new Error(`'${word}' is no parameter`);
    const [, name = '', type = '', required, multiple, given, options] = found;
    return {
      name,
      type: type as ParamType,
      required: required === '!',
      multiple: multiple === '*',
      ...(given !== undefined && { default: literal(given) }),
      ...(options !== undefined && { options: options.split('|') }),
    };
  });
}

function literal(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?[\d.]+$/.test(text) ? Number(text) : text;
}
