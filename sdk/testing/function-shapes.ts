import type { FunctionsDefinition } from '../define.ts';
import type { Manifest } from '../manifest.ts';
import { expectThat } from './plugin-folder.ts';

/** What tells how many values a function takes: its `length`, and its text, from the beginning. */
export interface FunctionShape {
  length: number;
  text: string;
}

/** The functions of a plugin, by name. */
export type FunctionShapes = { [name: string]: FunctionShape };

/** The shapes of the functions that a definition has. */
export function shapesOf(definition: object): FunctionShapes {
  const { functions = {} } = definition as Partial<FunctionsDefinition>;
  return Object.fromEntries(
    Object.entries(functions).map(([name, one]) => [name, { length: one.length, text: String(one) }]),
  );
}

/** Throws unless each function takes as many values as its manifest declares, where its code tells. */
export function checkParameters(shapes: FunctionShapes, { functions = {} }: Manifest): void {
  for (const [name, { parameters }] of Object.entries(functions)) {
    const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    const taken = shape === undefined ? null : valuesTaken(shape);
    const names = parameters.map((one) => one.name).join(', ') || 'none';
    expectThat(
      taken === null || taken === parameters.length,
      `the code of ${name} takes ${taken} values behind ctx, the manifest declares ${parameters.length}: ${names}`,
    );
  }
}

/** Beside `ctx`; null where the code does not tell: parameters with a default or `...`, the use of `arguments`. */
function valuesTaken({ length, text }: FunctionShape): number | null {
  const isOpen = /=(?!>)|\.\.\.|\[native code\]/.test(parametersOf(text)) || /\barguments\b/.test(text);
  return isOpen ? null : Math.max(0, length - 1);
}

/** The text between the first parentheses. */
function parametersOf(text: string): string {
  if (/^(?:async\s+)?[\w$]+\s*=>/.test(text)) return '';
  const open = text.indexOf('(');
  for (let at = open, depth = 0; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    if (depth === 0) return text.slice(open, at);
  }
  return text;
}
