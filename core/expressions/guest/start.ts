import type { GuestFunction, GuestFunctions, PythonRuntime, PyValue } from 'opsbro/sdk';
import { callMethod } from './methods.ts';
import { evaluation, met, operators } from './operators.ts';
import { describe, groups, Need, reviewed, strict, value } from './results.ts';
import { createRuntime, type GuestState } from './runtime.ts';
import { toJson } from './text.ts';
import { Failure, fromJson, MissingValue, raise } from './values.ts';

/** A topic's functions as bundled, and the names its manifest declares. */
export interface Topic {
  plugin: string;
  declared: string[];
  functions: GuestFunctions;
}

/** What `lane.ts` sends before a batch; `programs` of a batch are ranges: from, to, from, to … */
export type Command =
  | { do: 'source'; id: number; text: string }
  | { do: 'put'; programs: [number, number, unknown[], number[]][] }
  | { do: 'delete'; programs: number[] }
  | { do: 'facts'; groups: string[]; staticGroups: string[]; node: GuestState['facts']['node'] }
  | { do: 'values'; values: [number, unknown, string?][] }
  | { do: 'batch'; programs: number[]; now: number; seed: number; results: [string, Result][] };

/** What a call of a host function came to. */
type Result = { ok: true; value: unknown } | { ok: false; code: string; message: string };

/** A compiled source: makes a program from its constants and slots, and tells at which stage the one that runs is. */
interface Factory {
  make(constants: PyValue[], slots: number[]): () => string;
  stage(): number;
}

/** Outputs up to this size are not counted against the limits. */
const SMALL_OUTPUT = 400;
const MAX_PROGRAMS = 1_048_576;
const SEPARATOR = '\x1e';

/** Puts the guest's entry points on the global object: `opsbro(commands)`, `run()`, `fetch()` and `fetchJson()`. */
export function start(scope: { [name: string]: unknown }, topics: Topic[]): void {
  const slots: PyValue[] = [];
  const factories: Factory[] = [];
  const programs: (() => string)[] = [];
  const sources: Factory[] = [];
  const state: GuestState = {
    facts: { groups: [], staticGroups: [], now: 0, node: { name: '', uuid: '', zone: '' } },
    seed: 0,
    evaluation: () => batches * MAX_PROGRAMS + next,
  };
  const runtime = createRuntime(state);
  const functions = table(topics);
  let results = new Map<string, Result>();
  let batch: (() => string)[] = [];
  let places: number[] = [];
  let outputs: string[] = [];
  let next = 0;
  let size = 0;
  let batches = 0;
  evaluation.stage = () => sources[places[next - 1] as number]?.stage() ?? 0;

  const py = {
    ...operators,
    val: fromJson,
    call: (name: string, args: PyValue[]) => callGuest(functions, runtime, name, args),
    meth: callMethod,
    host: (name: string, args: PyValue[]) => callHost(results, name, args),
    value,
    groups,
    strict,
  };

  const handle = (command: Command): void => {
    switch (command.do) {
      case 'source':
        // The text is our compiler's; it sees the two names and nothing else of this script.
        factories[command.id] = new Function('py', 'V', `"use strict";${command.text}`)(py, slots);
        break;
      case 'put':
        for (const [index, source, constants, references] of command.programs) {
          const factory = factories[source] as Factory;
          sources[index] = factory;
          programs[index] = factory.make(constants.map(fromJson), references);
        }
        break;
      case 'delete':
        for (const index of command.programs) delete programs[index];
        break;
      case 'facts':
        state.facts = { ...command, now: state.facts.now };
        break;
      case 'values':
        for (const [slot, json, gone] of command.values) {
          slots[slot] = gone === undefined ? fromJson(json) : new MissingValue(gone);
        }
        break;
      case 'batch':
        begin(command);
    }
  };

  const begin = (command: Command & { do: 'batch' }): void => {
    results = new Map(command.results);
    state.facts = { ...state.facts, now: command.now };
    state.seed = command.seed;
    batches += 1;
    batch = [];
    places = [];
    outputs = [];
    next = 0;
    size = 0;
    for (let at = 0; at < command.programs.length; at += 2) {
      const last = command.programs[at + 1] as number;
      for (let index = command.programs[at] as number; index <= last; index += 1) {
        batch.push(programs[index] as () => string);
        places.push(index);
      }
    }
  };

  scope.opsbro = (text: string): void => {
    for (const command of JSON.parse(text) as Command[]) handle(command);
  };
  scope.run = (): void => {
    const at = next;
    next = at + 1;
    let output: string;
    try {
      output = (batch[at] as () => string)();
    } catch (thrown) {
      output = describe(thrown);
    }
    if (output.length > SMALL_OUTPUT || met !== null) {
      size += output.length;
      output = reviewed(output, size);
    }
    outputs[at] = output;
  };
  scope.fetch = (): string => `${outputs.join(SEPARATOR)}${SEPARATOR}.`;
  scope.fetchJson = (): string => JSON.stringify(outputs);
  scope.python = runtime;
  scope.functions = functions;
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

function callHost(results: Map<string, Result>, name: string, args: PyValue[]): PyValue {
  for (const arg of args) if (arg instanceof MissingValue) return arg;
  const key = JSON.stringify([name, args.map((arg) => toJson(arg))]);
  const result = results.get(key);
  if (result === undefined) throw new Need(name, args);
  if (!result.ok) throw new Failure('FUNCTION', `${name}: ${result.message}`);
  return fromJson(result.value);
}
