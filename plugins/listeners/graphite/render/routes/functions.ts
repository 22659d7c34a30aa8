import type { Json, RouteReply } from 'opsbro/sdk';
import type { FunctionSpec, Param } from '../evaluate/function-spec.ts';
import { catalogue } from '../functions/catalogue.ts';
import { aggregateOptions } from '../series/aggregates.ts';
import type { Fields } from './fields.ts';

/** Answers `/functions`: every function by its name and its short ones, or by group, as pickers of functions want them. */
export function answerFunctions(fields: Fields): RouteReply {
  const all = [...catalogue].map(([name, spec]): [string, string, Json] => [
    name,
    spec.group,
    described(name, spec),
  ]);
  const body: { [name: string]: Json } = {};
  for (const [name, group, description] of all) {
    if (fields.flag('grouped')) body[group] = { ...((body[group] ?? {}) as object), [name]: description };
    else body[name] = description;
  }
  return { status: 200, body };
}

/** Answers `/functions/:name`. */
export function answerFunction(name: string): RouteReply {
  const spec = catalogue.get(name);
  if (spec !== undefined) return { status: 200, body: described(name, spec) };
  const message = `there is no function '${name.slice(0, 100)}'; /functions lists those there are`;
  return { status: 404, body: { error: { code: 'OPSBRO_API_NOT_FOUND', message } } };
}

function described(name: string, { group, summary, params }: FunctionSpec): Json {
  const signature = params.map(({ name, multiple, default: given }) => {
    if (multiple) return `*${name}`;
    return given === undefined ? name : `${name}=${typeof given === 'string' ? `'${given}'` : given}`;
  });
  return {
    name,
    function: `${name}(${signature.join(', ')})`,
    description: summary,
    module: 'opsbro.render',
    group,
    params: params.map(describedParam),
  };
}

function describedParam({ name, type, required, multiple, default: given, options }: Param): Json {
  const choices = options ?? (type.startsWith('agg') ? aggregateOptions : undefined);
  return {
    ...{ name, type },
    ...(required && { required }),
    ...(multiple && { multiple }),
    ...(given !== undefined && given !== 'Infinity' && { default: given }),
    ...(choices !== undefined && { options: choices }),
  };
}
