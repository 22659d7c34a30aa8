import type { GuestFunction, GuestFunctions, PythonRuntime, PyValue } from 'opsbro/sdk';
import { callMethod } from './methods.ts';
import { evaluation, operators } from './operators.ts';
import { createRuntime, type GuestState } from './runtime.ts';
import { repr, str, toJson } from './text.ts';
import { Failure, fromJson, MissingValue, raise, TupleValue } from './values.ts';

/** A topic's functions as bundled, and the names its manifest declares. */
export interface Topic {
  plugin: string;
  declared: string[];
  functions: GuestFunctions;
}

/** What the host sends before a batch. Plain data; see `machine.ts`. */
export type Command =
  | { do: 'source'; id: number; text: string }
  | { do: 'put'; programs: [number, number, unknown[], number[]][] }
  | { do: 'delete'; programs: number[] }
  | { do: 'facts'; groups: string[]; staticGroups: string[]; node: GuestState['facts']['node'] }
  | { do: 'values'; values: [number, unknown, string?][] }
  | { do: 'batch'; programs: number[]; now: number; seed: number; results: [string, unknown][] };

type Factory = (constants: PyValue[], slots: number[]) => () => string;

const MAX_OUTPUT = 16_384;
const MAX_BATCH = 4_194_304;
const MAX_RESULT = 262_144;

/** A host function that this evaluation cannot go on without. */
class Need {
  readonly name: string;
  readonly args: PyValue[];
  constructor(name: string, args: PyValue[]) {
    this.name = name;
    this.args = args;
  }
}

/** Puts the guest's two entry points, `opsbro(command)` and `run()`, and its `fetch()` on the global object. */
export function start(scope: { [name: string]: unknown }, topics: Topic[]): void {
  const slots: PyValue[] = [];
  const factories: Factory[] = [];
  const programs: (() => string)[] = [];
  const state: GuestState = {
    facts: { groups: [], staticGroups: [], now: 0, node: { name: '', uuid: '', zone: '' } },
    seed: 0,
  };
  const runtime = createRuntime(state);
  const functions = table(topics);
  let results = new Map<string, unknown>();
  let batch: (() => string)[] = [];
  let outputs: string[] = [];
  let next = 0;
  let size = 0;

  const py = {
    ...operators,
    E: evaluation,
    val: fromJson,
    call: (name: string, args: PyValue[]) => callGuest(functions, runtime, name, args),
    meth: (target: PyValue, name: string, args: PyValue[], named: [string, PyValue][]) =>
      callMethod(target, name, args, named),
    host: (name: string, args: PyValue[]) => callHost(results, name, args),
    value,
    groups,
    strict,
  };

  const handle = (command: Command): void => {
    if (command.do === 'source') {
      // The text is our compiler's; `new Function` only names the two things it may see.
      factories[command.id] = new Function('py', 'V', `"use strict";${command.text}`)(py, slots);
    } else if (command.do === 'put') {
      for (const [index, source, constants, references] of command.programs) {
        programs[index] = (factories[source] as Factory)(constants.map(fromJson), references);
      }
    } else if (command.do === 'delete') {
      for (const index of command.programs) delete programs[index];
    } else if (command.do === 'facts') {
      state.facts = {
        ...state.facts,
        groups: command.groups,
        staticGroups: command.staticGroups,
        node: command.node,
      };
    } else if (command.do === 'values') {
      for (const [slot, json, gone] of command.values)
        slots[slot] = gone === undefined ? fromJson(json) : new MissingValue(gone);
    } else {
      batch = command.programs.map((index) => programs[index] as () => string);
      results = new Map(command.results);
      state.facts = { ...state.facts, now: command.now };
      state.seed = command.seed;
      outputs = [];
      next = 0;
      size = 0;
    }
  };

  const run = (): void => {
    const at = next;
    next += 1;
    evaluation.stage = 0;
    let output: string;
    try {
      output = (batch[at] as () => string)();
      if (evaluation.met.length > 0)
        output = `m${JSON.stringify({ state: Number(output[0]), output: output.slice(1, MAX_OUTPUT), missing: evaluation.met })}`;
    } catch (thrown) {
      output = describe(thrown);
    }
    if (evaluation.met.length > 0) evaluation.met = [];
    if (output.length > MAX_OUTPUT && output[0] !== 'v') output = shorten(output);
    size += output.length;
    outputs[at] =
      size > MAX_BATCH ? 'e{"code":"LIMIT","message":"the outputs of one batch are too large"}' : output;
  };

  scope.opsbro = (text: string): void => (JSON.parse(text) as Command[]).forEach(handle);
  scope.run = run;
  scope.fetch = (): string => {
    const lengths: number[] = [];
    for (let index = 0; index < next; index += 1) {
      outputs[index] ??= '';
      lengths.push((outputs[index] as string).length);
    }
    return `${lengths.join(',')};${outputs.join('')}`;
  };
  scope.fetchJson = (): string => JSON.stringify(outputs);
  scope.python = runtime;
  scope.functions = functions;
}

function shorten(output: string): string {
  return /^[0-3]/.test(output)
    ? output.slice(0, MAX_OUTPUT)
    : 'e{"code":"LIMIT","message":"the result is too large"}';
}

function table(topics: Topic[]): Map<string, GuestFunction> {
  const functions = new Map<string, GuestFunction>();
  for (const { plugin, declared, functions: own } of topics) {
    const names = Object.keys(own);
    const odd = [
      ...declared.filter((name) => !names.includes(name)),
      ...names.filter((name) => !declared.includes(name)),
    ];
    if (odd.length > 0)
      throw new Error(`functions/${plugin}: manifest and guest.ts differ on ${odd.join(', ')}`);
    for (const name of names) functions.set(name, own[name] as GuestFunction);
  }
  return functions;
}

/** What an evaluation that threw came to: letter and JSON. */
function describe(thrown: unknown): string {
  if (thrown instanceof MissingValue)
    return `u${JSON.stringify({ stage: evaluation.stage, missing: [thrown.key] })}`;
  if (thrown instanceof Need)
    return `n${JSON.stringify({ name: thrown.name, args: thrown.args.map((arg) => toJson(arg)) })}`;
  if (thrown instanceof Failure)
    return `e${JSON.stringify({ code: thrown.code, message: thrown.message.slice(0, 1024), stage: evaluation.stage })}`;
  const message = String((thrown as { message?: unknown })?.message ?? thrown);
  // The instance is not to be trusted after this: the host throws it away.
  if (message.includes('out of memory')) throw thrown;
  const deep = message.includes('stack');
  return `e${JSON.stringify({ code: deep ? 'LIMIT' : 'VALUE', message: deep ? 'the evaluation is nested too deeply' : message.slice(0, 1024), stage: evaluation.stage })}`;
}

function callGuest(
  functions: Map<string, GuestFunction>,
  runtime: PythonRuntime,
  name: string,
  args: PyValue[],
): PyValue {
  for (const arg of args) if (arg instanceof MissingValue) return arg;
  const known = functions.get(name);
  if (known === undefined) return raise('unknown_function', `the function ${name} is not loaded`);
  try {
    return known(runtime, ...args);
  } catch (thrown) {
    if (thrown instanceof MissingValue) return thrown;
    throw thrown;
  }
}

function callHost(results: Map<string, unknown>, name: string, args: PyValue[]): PyValue {
  for (const arg of args) if (arg instanceof MissingValue) return arg;
  const key = JSON.stringify([name, args.map((arg) => toJson(arg))]);
  if (!results.has(key)) throw new Need(name, args);
  const result = results.get(key) as { ok: boolean; value?: unknown; code?: string; message?: string };
  if (!result.ok) throw new Failure('FUNCTION', `${name}: ${result.message}`);
  return fromJson(result.value);
}

/** The outcome of a value program: what it is, how it prints, and with `explain` the value of each node. */
function value(result: PyValue, traced: boolean): string {
  const missing = result instanceof MissingValue ? [...evaluation.met, result.key] : evaluation.met;
  const text = result instanceof MissingValue ? '?' : str(result);
  const trace = traced
    ? evaluation.trace.map((node) =>
        node instanceof MissingValue ? '?' : node === undefined ? null : repr(node),
      )
    : undefined;
  evaluation.trace = [];
  evaluation.met = [];
  const json = JSON.stringify({
    value: result instanceof MissingValue ? null : toJson(result),
    text,
    missing,
    trace,
  });
  return json.length > MAX_RESULT
    ? raise('limit', `a result of ${json.length} characters is over the limit of ${MAX_RESULT}`)
    : `v${json}`;
}

/** The outcome of a detector: lists are several groups, a text holds one or several with commas between. */
function groups(names: PyValue[]): string {
  const found: string[] = [];
  for (const name of names) {
    if (name instanceof MissingValue) evaluation.met.push(name.key);
    else {
      const texts =
        typeof name === 'string'
          ? [name]
          : Array.isArray(name) || name instanceof TupleValue
            ? (Array.isArray(name) ? name : name.items).map(str)
            : [str(name)];
      for (const text of texts)
        for (const part of text.split(',')) if (part.trim() !== '') found.push(part.trim());
    }
  }
  const missing = evaluation.met;
  evaluation.met = [];
  return `g${JSON.stringify({ matched: true, groups: found, missing })}`;
}

/** Runs a variable's expression outside the leniency of output texts. */
function strict(expression: () => PyValue): PyValue {
  const { stage } = evaluation;
  evaluation.stage = stage & ~1;
  try {
    return expression();
  } catch (thrown) {
    if (thrown instanceof MissingValue) return thrown;
    throw thrown;
  } finally {
    evaluation.stage = stage;
  }
}
