import { type CallTarget, type Target, TargetError, type TemplateTarget } from '../grammar/target.ts';
import { parseTarget } from '../grammar/target-parser.ts';
import type { Series } from '../series/series.ts';
import { Call, type Evaluator, type Value } from './call.ts';
import type { RenderContext } from './context.ts';
import { fetchPattern } from './fetch.ts';
import type { FunctionSpec } from './function-spec.ts';

const noValues: ReadonlyMap<string, string> = new Map();

/** Computes targets with the functions it is given, by name. */
export class Evaluation implements Evaluator {
  readonly #functions: ReadonlyMap<string, FunctionSpec>;

  constructor(functions: ReadonlyMap<string, FunctionSpec>) {
    this.#functions = functions;
  }

  series(target: Target | string, context: RenderContext): Series[] {
    const value = this.value(typeof target === 'string' ? parseTarget(target) : target, context);
    if (value.kind !== 'series') throw new TargetError('a target must be series, and not a number or a text');
    return value.list;
  }

  value(target: Target, context: RenderContext): Value {
    return this.#evaluate(target, context, noValues);
  }

  run(name: string, args: Value[], context: RenderContext): Series[] {
    const spec = this.#spec(name);
    const call = new Call(context, this, spec, { name, args: [] }, bind(spec, args, new Map()));
    return spec.run(call);
  }

  #evaluate(target: Target, context: RenderContext, values: ReadonlyMap<string, string>): Value {
    switch (target.kind) {
      case 'path':
        return this.#path(target.text, context, values);
      case 'call':
        return { kind: 'series', list: this.#call(target, context, values) };
      case 'template':
        return this.#template(target, context);
      default:
        return target;
    }
  }

  #path(text: string, context: RenderContext, values: ReadonlyMap<string, string>): Value {
    let pattern = text;
    for (const [name, value] of values) {
      if (text === `$${name}`)
        return /^-?[\d.]+$/.test(value)
          ? { kind: 'number', value: Number(value), isInteger: false }
          : { kind: 'string', value };
      pattern = pattern.replaceAll(`$${name}`, () => value);
    }
    return { kind: 'series', list: fetchPattern(pattern, context) };
  }

  #template({ body, values }: TemplateTarget, context: RenderContext): Value {
    const all = new Map([...values, ...context.templateValues]);
    return this.#evaluate(body, context, all);
  }

  #call(target: CallTarget, context: RenderContext, values: ReadonlyMap<string, string>): Series[] {
    const spec = this.#spec(target.name);
    context.budget.take(0);
    const evaluate = (argument: Target): Value => this.#evaluate(argument, context, values);
    const named = new Map([...target.named].map(([name, argument]) => [name, evaluate(argument)]));
    const bound = bind(spec, target.args.map(evaluate), named);
    const args = values.size === 0 ? target.args : target.args.map((argument) => templated(argument, values));
    return spec.run(new Call(context, this, spec, { name: target.name, args }, bound));
  }

  #spec(name: string): FunctionSpec {
    const spec = this.#functions.get(name);
    if (spec === undefined)
      throw new TargetError(`there is no function '${name}'; /functions lists those there are`);
    return spec;
  }
}

/** An argument that is computed anew later, with the values that its template gave it. */
function templated(target: Target, values: ReadonlyMap<string, string>): Target {
  return target.kind === 'path' || target.kind === 'call'
    ? { kind: 'template', body: target, values }
    : target;
}

/** Arguments by the names of their parameters. Throws where there are too many, too few or unknown ones. */
function bind(
  spec: FunctionSpec,
  args: readonly Value[],
  named: ReadonlyMap<string, Value>,
): Map<string, Value[]> {
  const bound = new Map<string, Value[]>();
  for (const [index, value] of args.entries()) {
    const last = spec.params.at(-1);
    const param = spec.params[index] ?? (last?.multiple === true ? last : undefined);
    if (param === undefined)
      throw new TargetError(
        `${spec.name} takes ${spec.params.length} arguments, and ${args.length} are given`,
      );
    bound.set(param.name, [...(bound.get(param.name) ?? []), value]);
  }
  for (const [name, value] of named) {
    if (!spec.params.some((param) => param.name === name))
      throw new TargetError(`${spec.name} has no parameter '${name}'`);
    if (bound.has(name)) throw new TargetError(`${spec.name}: '${name}' is given twice`);
    bound.set(name, [value]);
  }
  const missing = spec.params.find(({ name, required }) => required && !bound.has(name));
  if (missing !== undefined) throw new TargetError(`${spec.name}: '${missing.name}' is missing`);
  return bound;
}
