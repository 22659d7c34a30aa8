import { CompileError, hole, type Scanned } from './placeholders.ts';

/** What the text of a `language: javascript` expression needs from the compiler around it. */
export interface ScriptBindings {
  /** Code that reads the placeholder of that number. */
  placeholder(index: number): string;
  /** Code that reads a collector's whole tree. */
  collector(name: string): string;
  /** Code that reads all parameters, or the object's own data. */
  tree(kind: 'parameters' | 'configuration'): string;
  operation(name: string): string;
}

const named = /\bcollector\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*(['"])([^'"\]]+)\2\s*\])/g;

/**
 * The code of a JavaScript expression: a function over `collector`, `parameters`, `configuration` (trees of plain data; of
 * `collector` those that the text names) and the values of its placeholders. The text is somebody's own code: it is parsed here, never run,
 * and runs in the sandbox thread only. Throws `CompileError` when it is no single expression.
 */
export function script(scanned: Scanned, bindings: ScriptBindings): string {
  const text = scanned.text.replace(hole, 'opsbro_value_$1').replace(/[\ue000-\ue003]/g, ' ');
  const inString = /(["'])(?:\\.|(?!\1).)*?opsbro_value_\d+/.exec(text.replace(/\/\/.*/g, ''));
  if (
    inString !== null &&
    /^(["'])(?:\\.|(?!\1)[^\\])*opsbro_value_\d+(?:\\.|(?!\1)[^\\])*\1/.test(text.slice(inString.index))
  ) {
    throw new CompileError(
      'OPSBRO_EXPRESSION_SYNTAX',
      "a placeholder inside a JavaScript text is not replaced: write 'text ' + {{…}}",
      scanned.placeholders[0]?.from ?? 0,
    );
  }
  const parameters = scanned.placeholders.map((_, index) => `opsbro_value_${index}`);
  const body = `"use strict";return (${text}\n)`;
  try {
    new Function('collector', 'parameters', 'configuration', ...parameters, body);
    // A text that closes the parenthesis and opens another cannot also close a bracket.
    new Function(`[${text}\n]`);
  } catch (error) {
    throw new CompileError(
      'OPSBRO_EXPRESSION_SYNTAX',
      `not a JavaScript expression: ${(error as Error).message}`,
      0,
    );
  }
  const collectors = [
    ...new Set([...text.matchAll(named)].map(([, plain, , quoted]) => (plain ?? quoted) as string)),
  ];
  const js = bindings.operation('js');
  const trees = collectors.map(
    (name) => `get ${JSON.stringify(name)}(){return ${js}(${bindings.collector(name)},true)}`,
  );
  const whole = (['parameters', 'configuration'] as const).map((kind) =>
    new RegExp(`\\b${kind}\\b`).test(text) ? `${js}(${bindings.tree(kind)})` : 'undefined',
  );
  const values = parameters.map((_, index) => `${js}(${bindings.placeholder(index)})`);
  const args = [`{${trees.join(',')}}`, ...whole, ...values].join(',');
  return `(function(collector,parameters,configuration,${parameters.join(',')}){${body}})(${args})`;
}
