import type { Json } from 'opsbro/sdk';
import { isMapping } from './split.ts';

/** A value of YAML as the text of an expression: `true` is Python's `True`, nothing is an empty text. */
export function expressionText(value: Json | undefined): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value ?? '');
}

/** The expressions of a check's `variables:`, by name; none for anything that is no mapping. */
export function variableTexts(value: Json | undefined): { [name: string]: string } {
  const entries = Object.entries(isMapping(value) ? value : {});
  return Object.fromEntries(entries.map(([name, text]) => [name, expressionText(text)]));
}

/** False for what says nothing. */
export function isSet(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** True for what an expression may be written as. */
export function isText(value: Json | undefined): boolean {
  return isSet(value) && typeof value !== 'object';
}
