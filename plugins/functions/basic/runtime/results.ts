import type { PyValue } from 'opsbro/sdk';
import { evaluation, forget, met, takeMet } from './operators.ts';
import { repr, str, toJson } from './text.ts';
import { Failure, MissingValue, raise, TupleValue } from './values.ts';

const MAX_OUTPUT = 16_384;
const MAX_BATCH = 4_194_304;
const MAX_RESULT = 262_144;
const tooLarge = 'e{"code":"LIMIT","message":"the result is too large"}';

/** A host function that this evaluation cannot go on without. */
export class Need {
  readonly name: string;
  readonly args: PyValue[];
  constructor(name: string, args: PyValue[]) {
    this.name = name;
    this.args = args;
  }
}

/** Gives a verdict the missing keys its text met, and keeps long outputs within the limits; `grown` is the batch's size so far. */
export function reviewed(output: string, grown: number): string {
  let result = output;
  if (met !== null) {
    const missing = takeMet();
    if (/^[0-2]/.test(output)) {
      result = `m${JSON.stringify({ state: Number(output[0]), output: output.slice(1, MAX_OUTPUT), missing })}`;
    }
  }
  if (grown > MAX_BATCH) return tooLarge;
  if (result.length <= MAX_OUTPUT || 'vnm'.includes(result[0] as string)) return result;
  return /^[0-2]/.test(result) ? result.slice(0, MAX_OUTPUT) : tooLarge;
}

/** What an evaluation that threw came to: a letter and JSON, as `outcome.ts` reads it. */
export function describe(thrown: unknown): string {
  const stage = evaluation.stage();
  forget();
  if (thrown instanceof MissingValue) return `u${JSON.stringify({ stage, missing: [thrown.key] })}`;
  if (thrown instanceof Need) return need(thrown);
  if (thrown instanceof Failure) return failure(thrown.code, thrown.message, stage);
  const message = messageOf(thrown);
  // Nothing in this instance is to be trusted any more: the host throws it away.
  if (message.includes('out of memory')) throw thrown;
  return message.includes('stack')
    ? failure('LIMIT', 'the evaluation is nested too deeply', stage)
    : failure('VALUE', message, stage);
}

/** A JavaScript expression throws whatever it likes, also what throws when it is looked at. */
function messageOf(thrown: unknown): string {
  try {
    return String((thrown as { message?: unknown } | null)?.message ?? thrown);
  } catch {
    return 'the expression threw what cannot be shown';
  }
}

const failure = (code: string, message: string, stage: number): string =>
  `e${JSON.stringify({ code, message: message.slice(0, 1024), stage })}`;

function need({ name, args }: Need): string {
  const json = JSON.stringify({ name, args: args.map((arg) => toJson(arg)) });
  return json.length > MAX_OUTPUT
    ? failure('LIMIT', `the arguments of ${name}() are too large`, evaluation.stage())
    : `n${json}`;
}

/** The outcome of a value program: what it is, how it prints, which keys were missing, and the value of each node. */
export function value(result: PyValue): string {
  const missing = [...takeMet(), ...(result instanceof MissingValue ? [result.key] : [])];
  const trace = evaluation.trace.map((node) => (node === undefined ? null : shown(node)));
  evaluation.trace = [];
  const isMissing = result instanceof MissingValue;
  const json = JSON.stringify({
    value: isMissing ? null : toJson(result),
    text: isMissing ? '?' : str(result),
    missing,
    trace,
  });
  if (json.length > MAX_RESULT)
    raise('limit', `a result of ${json.length} characters is over the limit of ${MAX_RESULT}`);
  return `v${json}`;
}

/** How a node's value prints; one that is or holds a missing value is `?`. */
function shown(node: PyValue): string {
  try {
    return repr(node);
  } catch (thrown) {
    if (thrown instanceof MissingValue) return '?';
    throw thrown;
  }
}

/** The outcome of a detector that matched: a list is several groups, a text one or several with commas between. */
export function groups(names: PyValue[]): string {
  const found: string[] = [];
  const missing: string[] = [];
  for (const name of names) {
    if (name instanceof MissingValue) missing.push(name.key);
    else {
      const items = Array.isArray(name) ? name : name instanceof TupleValue ? name.items : [name];
      for (const part of items.map(str).join(',').split(',')) if (part.trim() !== '') found.push(part.trim());
    }
  }
  return `g${JSON.stringify({ matched: true, groups: found, missing })}`;
}

/** Which expression runs, as JSON: the stage, and the variable if it is one's. */
export function whereabouts(): string {
  return JSON.stringify({ stage: evaluation.stage(), variable: evaluation.variables.at(-1) });
}

/** Runs a variable's expression outside the leniency of output texts. */
export function strict(expression: () => PyValue, name: string): PyValue {
  evaluation.variables.push(name);
  try {
    return expression();
  } catch (thrown) {
    if (thrown instanceof MissingValue) return thrown;
    throw thrown;
  } finally {
    evaluation.variables.pop();
  }
}
