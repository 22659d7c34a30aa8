import type { GuestFunction, GuestFunctions, PyValue } from 'opsbro/sdk';
import { callMethod } from './methods.ts';
import { evaluation, forget, met, operators } from './operators.ts';
import { describe, groups, Need, reviewed, strict, value, whereabouts } from './results.ts';
import { createRuntime, type GuestState } from './runtime.ts';
import { toJson } from './text.ts';
import { Failure, fromJson, MissingValue, raise } from './values.ts';

/** A topic's functions as bundled, and the names its manifest declares. */
export interface Topic {
  plugin: string;
  declared: string[];
  functions: GuestFunctions;
}

/** What the core's lane sends before a batch; `programs` of a batch are ranges: from, to, from, to … */
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
const LONG_RANGE = 64;
const MAX_TEXTS = 10_000;
const MAX_PROGRAMS = 1_048_576;
const SEPARATOR = '\x1e';

/** Puts the guest's entry points on the global object: `opsbro(commands)`, `run()`, `fetch()`, `fetchJson()` and `whereabouts()`. */
export function start(scope: { [name: string]: unknown }, topics: Topic[]): void {
  const guest = new Guest(topics);
  scope.opsbro = (text: string): void => {
    for (const command of JSON.parse(text) as Command[]) guest.handle(command);
  };
  scope.run = guest.runner();
  scope.fetch = (): string => `${guest.outputs.join(SEPARATOR)}${SEPARATOR}.`;
  scope.fetchJson = (): string => JSON.stringify(guest.outputs);
  scope.whereabouts = whereabouts;
}

/** Everything the guest keeps: programs, the values in their slots, and the batch that runs. */
class Guest {
  readonly #slots: PyValue[] = [];
  readonly #factories: Factory[] = [];
  readonly #programs: (() => string)[] = [];
  readonly #sources: Factory[] = [];
  readonly #functions: Map<string, GuestFunction>;
  readonly #state: GuestState;
  readonly #runtime: ReturnType<typeof createRuntime>;
  readonly #py: object;
  readonly #texts = new Map<string, string>();
  #results = new Map<string, Result>();
  #ranges: number[] = [];
  /** The range of the program that was looked for last, and how many programs are in those before. */
  #range = 0;
  #before = 0;
  #batches = 0;
  /** Of the batch that runs. */
  outputs: string[] = [];
  #next = (): number => 0;
  #restart: (batch: (() => string)[]) => void = () => {};

  constructor(topics: Topic[]) {
    this.#functions = table(topics);
    this.#state = {
      facts: { groups: [], staticGroups: [], now: 0, node: { name: '', uuid: '', zone: '' } },
      seed: 0,
      evaluation: () => this.#batches * MAX_PROGRAMS + this.#next(),
    };
    this.#runtime = createRuntime(this.#state);
    this.#py = {
      ...operators,
      val: fromJson,
      call: (name: string, args: PyValue[]) => this.#callGuest(name, args),
      meth: callMethod,
      host: (name: string, args: PyValue[]) => this.#callHost(name, args),
      value,
      groups,
      strict,
    };
    evaluation.stage = () => this.#sources[this.#running()]?.stage() ?? 0;
  }

  /** The function that evaluates the next program of the batch. Its state is in plain variables: it is the hot path. */
  runner(): () => void {
    let batch: (() => string)[] = [];
    let outputs: string[] = [];
    let next = 0;
    let size = 0;
    this.#next = () => next;
    this.#restart = (fresh) => {
      batch = fresh;
      outputs = [];
      this.outputs = outputs;
      next = 0;
      size = 0;
    };
    return () => {
      const at = next;
      next = at + 1;
      // The one before was interrupted.
      if (outputs.length !== at) forget();
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
  }

  handle(command: Command): void {
    switch (command.do) {
      case 'source':
        this.#factories[command.id] = this.#compile(command.text);
        break;
      case 'put':
        for (const [index, source, constants, references] of command.programs) {
          const factory = this.#factories[source] as Factory;
          this.#sources[index] = factory;
          this.#programs[index] = factory.make(
            constants.map((value) => this.#shared(value)),
            references,
          );
        }
        break;
      case 'delete':
        for (const index of command.programs) delete this.#programs[index];
        break;
      case 'facts':
        this.#state.facts = { ...command, now: this.#state.facts.now };
        break;
      case 'values':
        for (const [slot, json, gone] of command.values) {
          this.#slots[slot] = gone === undefined ? fromJson(json) : new MissingValue(gone);
        }
        break;
      case 'batch':
        this.#begin(command);
    }
  }

  /** A constant; equal texts of many programs are one, which keeps what an evaluation touches together in memory. */
  #shared(value: unknown): PyValue {
    if (typeof value !== 'string') return fromJson(value);
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.set(value, value);
    return value;
  }

  /** The text is our compiler's, or a JavaScript expression within it that this engine may not know how to read. */
  #compile(text: string): Factory {
    try {
      return new Function('py', 'V', `"use strict";${text}`)(this.#py, this.#slots);
    } catch (thrown) {
      const { message } = thrown as Error;
      if (message.includes('out of memory')) throw thrown;
      return {
        make: () => () => raise('value', `the sandbox cannot compile it: ${message}`),
        stage: () => 0,
      };
    }
  }

  #begin({ programs, now, seed, results }: Command & { do: 'batch' }): void {
    this.#results = new Map(results);
    this.#state.facts = { ...this.#state.facts, now };
    this.#state.seed = seed;
    this.#batches += 1;
    forget();
    this.#ranges = programs;
    this.#range = 0;
    this.#before = 0;
    let batch: (() => string)[] = [];
    for (let at = 0; at < programs.length; at += 2) {
      const part = this.#programs.slice(programs[at], (programs[at + 1] as number) + 1);
      if (part.length > LONG_RANGE) batch = batch.concat(part);
      else for (const program of part) batch.push(program);
    }
    this.#restart(batch);
  }

  /** Number of the program that runs. A batch only goes on, and so does where it is looked for: it is asked once a program, of very many ranges. */
  #running(): number {
    const place = this.#next() - 1;
    for (; this.#range < this.#ranges.length; this.#range += 2) {
      const [first, last] = [this.#ranges[this.#range] as number, this.#ranges[this.#range + 1] as number];
      const number = first + place - this.#before;
      if (number <= last) return number;
      this.#before += last - first + 1;
    }
    return -1;
  }

  #callGuest(name: string, args: PyValue[]): PyValue {
    for (const arg of args) if (arg instanceof MissingValue) return arg;
    const known = this.#functions.get(name);
    if (known === undefined) return raise('unknown_function', `the function ${name} is not loaded`);
    try {
      return known(this.#runtime, ...args);
    } catch (thrown) {
      if (thrown instanceof MissingValue) return thrown;
      throw thrown;
    }
  }

  #callHost(name: string, args: PyValue[]): PyValue {
    for (const arg of args) if (arg instanceof MissingValue) return arg;
    const key = JSON.stringify([name, args.map((arg) => toJson(arg))]);
    const result = this.#results.get(key);
    if (result === undefined) throw new Need(name, args);
    if (!result.ok) throw new Failure('FUNCTION', `${name}: ${result.message}`);
    return fromJson(result.value);
  }
}

/** All functions by name; a manifest that does not fit its code is an error of the build. */
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
