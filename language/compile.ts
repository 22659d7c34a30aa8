import type { Json } from 'opsbro/sdk';
import { literal } from './compiler/emit.ts';
import { ObjectCompiler } from './compiler/object-compiler.ts';
import type { Compiled, Program, Scope } from './program.ts';

type Language = Program['language'];

/** A check's expressions, as its keys name them. */
export interface CheckFields {
  variables?: Record<string, string>;
  critical_if?: string;
  warning_if?: string;
  ok_output?: string;
  critical_output?: string;
  warning_output?: string;
}

/** `stage` is the number by which the guest names the field that runs; odd ones are output texts (`outcome.ts` names them all). */
const levels = [
  { stage: 0, condition: 'critical_if', output: 'critical_output', state: '2' },
  { stage: 2, condition: 'warning_if', output: 'warning_output', state: '1' },
] as const;

/** Compiles a check. Every fault of every field is among the findings; there is a program when none is an error. */
export function compileCheck(id: string, fields: CheckFields, scope: Scope, language: Language): Compiled {
  const variables = fields.variables ?? {};
  const compiler = new ObjectCompiler({ id, kind: 'check', language, scope, variables });
  return compiler.finish(() => {
    let body = '';
    for (const { stage, condition, output, state } of levels) {
      const test = fields[condition];
      if (test === undefined || test.trim() === '') {
        outputText(compiler, output, fields[output], state);
        continue;
      }
      const held = compiler.field(condition, test, (emitter, expression) => {
        const name = emitter.temporary();
        const cond = compiler.operation('cond');
        return `${name}=${expression()};if(${name}===true||${name}!==false&&${cond}(${name}))`;
      });
      const text = outputText(compiler, output, fields[output], state);
      body += `${stage === 0 ? '' : `S=${stage};`}${held}{S=${stage + 1};return ${text}}`;
    }
    return `${body}S=5;return ${outputText(compiler, 'ok_output', fields.ok_output, '0')};`;
  });
}

/** The state's digit, then what the expression prints. */
function outputText(
  compiler: ObjectCompiler,
  field: string,
  source: string | undefined,
  state: string,
): string {
  if (source === undefined || source.trim() === '') return literal(state);
  return compiler.field(field, source, (_, expression) => expression(state));
}

/** Compiles a detector: its condition, and the groups it adds, which are texts with placeholders in them. */
export function compileDetector(
  id: string,
  fields: { apply_if: string; add_groups: string[] },
  scope: Scope,
  language: Language,
): Compiled {
  const compiler = new ObjectCompiler({ id, kind: 'detector', language, scope, variables: {} });
  return compiler.finish(() => {
    const cond = compiler.operation('cond');
    const test = compiler.field(
      'apply_if',
      fields.apply_if,
      (_, expression) => `if(!${cond}(${expression()}))`,
    );
    const groups = fields.add_groups.map((text, index) => compiler.template(`add_groups[${index}]`, text));
    const none = `return'g{"matched":false,"groups":[]}';`;
    return `${test}${none}return ${compiler.operation('groups')}([${groups.join(',')}])`;
  });
}

/**
 * Compiles one expression on its own, as `evaluator eval` and dashboards do; `variables` are those of the check it is taken from. A
 * function that does not exist fails only when reached. `tree` holds every node's kind and source (null for JavaScript); `ExpressionEngine.explain` fills in the values.
 */
export function compileValue(
  id: string,
  text: string,
  scope: Scope,
  language: Language,
  variables: Record<string, string> = {},
): Compiled & { tree: Json } {
  const compiler = new ObjectCompiler({ id, kind: 'value', language, scope, variables });
  const compiled = compiler.finish(() => {
    const code = compiler.field('expression', text, (_, expression) => expression());
    return `return ${compiler.operation('value')}(${code})`;
  });
  const tree = compiler.tree as unknown as Json;
  if (compiled.program !== undefined) compiled.program.tree = tree;
  return { ...compiled, tree };
}
