import {
  type JSValueConstPointerPointer,
  type JSValuePointer,
  openQuickJS,
  type QuickJS,
  type QuickJSContext,
  type QuickJSHandle,
} from '../../threads/quickjs/engine.ts';
import { threadMs } from '../../threads/quickjs/thread-time.ts';
import type { ExpressionLimits } from '../program.ts';

/** Stands between outputs, and before the mark at their end. */
export const SEPARATOR = '\x1e';
const END = `${SEPARATOR}.`;
/** Commands compile many sources and parse values at once: their deadline is this many times an evaluation's. */
const COMMAND_GRACE = 20;
const intrinsics = { BaseObjects: true, Eval: true, JSON: true, MapSet: true, RegExp: true } as const;

/** Freezes everything that code can reach without being given it: what globals lead to, and what syntax makes. */
const SEAL = `for (const name of ['opsbro', 'run', 'fetch', 'fetchJson', 'whereabouts']) delete globalThis[name];
const sealed = new Set();
const seal = (value) => {
  if (Object(value) !== value || sealed.has(value)) return;
  sealed.add(value);
  for (const key of Reflect.ownKeys(value)) {
    const { value: inner, get, set } = Object.getOwnPropertyDescriptor(value, key);
    for (const one of [inner, get, set]) seal(one);
  }
  seal(Object.getPrototypeOf(value));
  Object.freeze(value);
};
[globalThis, [].values(), new Map().values(), new Set().values(), ''[Symbol.iterator](), ''.matchAll(/a/g),
  function* () {}, (function* () {})(), async function () {}, async function* () {}].forEach(seal);`;

/** Why a guest call did not end well. After `broken` the instance must not be used again. */
export type Fault = 'timeout' | 'broken';

/**
 * One QuickJS instance in a WebAssembly memory with a maximum, running the guest script. Only its thread uses it; every call
 * blocks until the guest returns, is interrupted, or breaks.
 */
export class Machine {
  readonly #context: QuickJSContext;
  readonly #limits: ExpressionLimits;
  readonly #entries: { [name in 'opsbro' | 'run' | 'fetch' | 'fetchJson' | 'whereabouts']: QuickJSHandle };
  #calls = 0;
  #seen = -1;
  #started = 0;
  #allowanceMs = 0;
  #interrupted = false;

  readonly #next: () => Fault | null;

  private constructor(engine: QuickJS, limits: ExpressionLimits, script: string) {
    const { context } = engine;
    this.#context = context;
    this.#limits = limits;
    context.unwrapResult(context.evalCode(script, 'guest.js')).dispose();
    const entry = (name: string): QuickJSHandle => context.getProp(context.global, name);
    this.#entries = {
      opsbro: entry('opsbro'),
      run: entry('run'),
      fetch: entry('fetch'),
      fetchJson: entry('fetchJson'),
      whereabouts: entry('whereabouts'),
    };
    // What is left in reach of a JavaScript expression cannot disturb the evaluations of others.
    context.unwrapResult(context.evalCode(SEAL, 'seal.js')).dispose();
    context.runtime.setInterruptHandler(() => this.#isOver());
    this.#next = this.#direct(engine.raw);
  }

  /** Starts an instance and runs the guest script in it. */
  static async start(limits: ExpressionLimits, script: string): Promise<Machine> {
    const { memoryBytes, stackBytes } = limits;
    return new Machine(await openQuickJS({ memoryBytes, stackBytes, intrinsics }), limits, script);
  }

  /** Hands a list of commands, as JSON text, to the guest. */
  command(text: string): Fault | null {
    return this.#shielded(COMMAND_GRACE, () => {
      const argument = this.#context.newString(text);
      try {
        return this.#call(this.#entries.opsbro, argument);
      } finally {
        argument.dispose();
      }
    });
  }

  /** Evaluates the next program of the batch. */
  run(): Fault | null {
    this.#calls += 1;
    this.#allowanceMs = this.#limits.cpuMs;
    this.#interrupted = false;
    try {
      return this.#next();
    } catch {
      return 'broken';
    }
  }

  /** Calls `run` below the library's handles: this is the hot path, and a handle costs as much as a small expression. */
  #direct({ ffi, context }: QuickJS['raw']): () => Fault | null {
    const run = this.#entries.run.value;
    const self = this.#context.undefined.value;
    const none = 0 as JSValueConstPointerPointer;
    return () => {
      const result = ffi.QTS_Call(context, run, self, 0, none);
      const error = ffi.QTS_ResolveException(context, result);
      ffi.QTS_FreeValuePointer(context, result);
      if (error === (0 as JSValuePointer)) return null;
      ffi.QTS_FreeValuePointer(context, error);
      return this.#interrupted ? 'timeout' : 'broken';
    };
  }

  /**
   * The outputs of the batch in one text, each followed by `SEPARATOR`; or a list where the text would not survive the border
   * (a NUL cuts it short, a lone surrogate becomes something else) or an output holds the separator.
   */
  fetch(count: number): { text: string } | { list: string[] } | Fault {
    const text = this.#read(this.#entries.fetch);
    if (text === 'timeout' || text === 'broken') return text;
    if (isIntact(text) && text.split(SEPARATOR).length === count + 1) return { text };
    const json = this.#read(this.#entries.fetchJson);
    return json === 'timeout' || json === 'broken'
      ? json
      : { list: (JSON.parse(json) as (string | null)[]).map((one) => one ?? '') };
  }

  /** Which expression the evaluation that was interrupted last had come to, as JSON. */
  whereabouts(): string | Fault {
    return this.#read(this.#entries.whereabouts);
  }

  #read(entry: QuickJSHandle): string | Fault {
    let result = '';
    const fault = this.#shielded(COMMAND_GRACE, () => {
      const called = this.#context.callFunction(entry, this.#context.undefined);
      if (called.error !== undefined) return this.#judge(called.error);
      result = this.#context.getString(called.value);
      called.value.dispose();
      return null;
    });
    return fault ?? result;
  }

  #call(entry: QuickJSHandle, ...args: QuickJSHandle[]): Fault | null {
    const called = this.#context.callFunction(entry, this.#context.undefined, ...args);
    if (called.error !== undefined) return this.#judge(called.error);
    called.value.dispose();
    return null;
  }

  #judge(error: QuickJSHandle): Fault {
    error.dispose();
    return this.#interrupted ? 'timeout' : 'broken';
  }

  /** A throw of the host's own (a WASM trap, an abort) leaves the instance in an unknown state. */
  #shielded(grace: number, call: () => Fault | null): Fault | null {
    this.#calls += 1;
    this.#allowanceMs = this.#limits.cpuMs * grace;
    this.#interrupted = false;
    try {
      return call();
    } catch {
      return 'broken';
    }
  }

  /** Polled by the engine while guest code runs. The clock starts at the first poll of a call, so that a short call costs none. */
  #isOver(): boolean {
    const now = threadMs();
    if (this.#seen !== this.#calls) {
      this.#seen = this.#calls;
      this.#started = now;
      return false;
    }
    this.#interrupted = now - this.#started > this.#allowanceMs;
    return this.#interrupted;
  }
}

/** True when the end arrived and nothing on the way was replaced. */
function isIntact(text: string): boolean {
  return text.endsWith(END) && !text.includes('\ufffd');
}
