import { literal } from './emit.ts';
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
  /** Code that calls a function which is made once, from its parameters and its body, where nothing but the sandbox's globals is in reach. */
  made(parameters: string[], body: string): string;
}

const named = /\bcollector\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*(['"])([^'"\]]+)\2\s*\])/g;

/**
 * The code of a JavaScript expression: a function over `collector`, `parameters`, `configuration` (trees of plain data; of
 * `collector` those that the text names) and the values of its placeholders. The text is somebody's own code: it is parsed here, never run,
 * and runs in the sandbox thread only. Throws `CompileError` when it is no single expression.
 */
export function script(scanned: Scanned, bindings: ScriptBindings): string {
  const text = scanned.text.replace(hole, 'opsbro_value_$1');
  const values = scanned.placeholders.map((_, index) => `opsbro_value_${index}`);
  const parameters = ['collector', 'parameters', 'configuration', ...values];
  const body = `"use strict";return (${text}\n)`;
  const fault = faultOf(body, parameters) ?? faultOf(`[${text}\n]`);
  if (fault !== undefined)
    throw new CompileError('OPSBRO_EXPRESSION_SYNTAX', `not a JavaScript expression: ${fault}`, 0);
  for (const [index, { from }] of scanned.placeholders.entries()) {
    // Two numbers side by side are a fault wherever code stands.
    const probe = body.replace(new RegExp(`\\bopsbro_value_${index}\\b`, 'g'), '1 1');
    if (faultOf(probe, parameters) !== undefined) continue;
    const message = "a placeholder inside a JavaScript text is not replaced: write 'text ' + {{…}}";
    throw new CompileError('OPSBRO_EXPRESSION_SYNTAX', message, from);
  }
  const collectors = [
    ...new Set([...text.matchAll(named)].map(([, plain, , quoted]) => (plain ?? quoted) as string)),
  ];
  const js = bindings.operation('js');
  const trees = collectors.map(
    (name) => `get ${literal(name)}(){return ${js}(${bindings.collector(name)},true)}`,
  );
  const whole = (['parameters', 'configuration'] as const).map((kind) =>
    new RegExp(`\\b${kind}\\b`).test(text) ? `${js}(${bindings.tree(kind)})` : 'undefined',
  );
  const given = values.map((_, index) => `${js}(${bindings.placeholder(index)})`);
  const args = [`{${trees.join(',')}}`, ...whole, ...given].join(',');
  return `${bindings.made(parameters, body)}(${args})`;
}

/** Why this is not the body of a function; undefined when it is. A text that closes a parenthesis and opens another cannot also close a bracket. */
function faultOf(body: string, parameters: string[] = []): string | undefined {
  try {
    new Function(...parameters, body);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
