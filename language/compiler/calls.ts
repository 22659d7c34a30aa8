import type { FunctionSignature, Json } from 'opsbro/sdk';
import { nearest } from '../nearest.ts';
import type { Node } from './ast.ts';
import { CompileError } from './placeholders.ts';

/** An argument of a call: what was written, or the parameter's default. */
export type Argument = { node: Node } | { value: Json };

/** Arguments in the order of the signature: positional ones, keywords and defaults resolved. Throws `CompileError`. */
export function bindArguments(call: Node & { kind: 'call' }, { parameters }: FunctionSignature): Argument[] {
  const names = parameters.map(({ name, rest }) => (rest === true ? `*${name}` : name));
  const shown = `${call.name}(${names.join(', ')})`;
  const fail = (what: string): never => {
    throw new CompileError('OPSBRO_EXPRESSION_TYPE', `${shown} ${what}`, call.from);
  };
  const isVariadic = parameters.at(-1)?.rest === true;
  const positional = isVariadic ? parameters.length - 1 : parameters.length;
  if (!isVariadic && call.args.length > positional) {
    fail(`takes at most ${positional} arguments, found ${call.args.length}`);
  }
  const named = new Map(call.named);
  const bound = parameters.slice(0, positional).map((parameter, index): Argument => {
    const { name } = parameter;
    const [first, second] = [call.args[index], named.get(name)];
    if (first !== undefined && second !== undefined) fail(`got '${name}' twice`);
    named.delete(name);
    const node = first ?? second;
    if (node !== undefined) return { node };
    return parameter.default === undefined
      ? fail(`lacks its argument '${name}'`)
      : { value: parameter.default };
  });
  for (const [name] of named) {
    const near = nearest(name, names);
    fail(`has no parameter '${name}'${near === undefined ? '' : `; did you mean '${near}'?`}`);
  }
  return [...bound, ...call.args.slice(positional).map((node) => ({ node }))];
}

/** The arguments as plain data, when all of them are written as constants. */
export function constantArguments(bound: readonly Argument[]): Json[] | undefined {
  const args: Json[] = [];
  for (const argument of bound) {
    if ('value' in argument) args.push(argument.value);
    else if (argument.node.kind === 'constant' && typeof argument.node.value !== 'bigint')
      args.push(argument.node.value);
    else return undefined;
  }
  return args;
}
