import { readFileSync } from 'node:fs';
import { OpsbroError } from '../../core/errors.ts';
import { openQuickJS, type QuickJS, type QuickJSHandle } from '../../threads/quickjs/engine.ts';
import { Meter } from '../budgets/meter.ts';
import type { GuestCommand, GuestError, GuestMessage } from '../guest/message.ts';
import type { PluginLimits } from '../model.ts';

/** Typed arrays stay off: most memory errors of the engine that are known were in them. */
const intrinsics = {
  BaseObjects: true,
  Date: true,
  Eval: true,
  StringNormalize: true,
  RegExp: true,
  JSON: true,
  MapSet: true,
  Promise: true,
} as const;
/** With a thread's stack of 4 MiB every deep nesting ends inside the guest. */
const stackBytes = 128 * 1024;
/** Promise jobs between two looks at the clock. */
const jobsAtOnce = 500;
/** What a slice may say beside its output: state, lines of log, arguments of calls. Bounded for what its parsing takes of this thread's heap. */
const besideOutput = 4 * 2 ** 20;
/** An instance whose memory has grown to this share of its maximum takes no new run. */
const wornShare = 0.8;

/** Why a slice did not end well; the instance must not be used again. */
export type Fault = 'cpu' | 'memory' | 'broken';

/** What one stretch of guest code came to. `stack`: where it was interrupted, in the engine's words, as far as the guest could still tell. */
export type Slice = { cpuMs: number } & ({ messages: GuestMessage[] } | { fault: Fault; stack?: string });

type InstanceLimits = Pick<PluginLimits, 'memoryBytes' | 'outputBytes'>;

const script = readFileSync(guestScript(), 'utf8');

/** `dist/sandbox/guest.js`, beside this file's folder in dist. */
function guestScript(): URL {
  const path = import.meta.url.endsWith('.ts') ? '../../dist/sandbox/guest.js' : '../guest.js';
  return new URL(path, import.meta.url);
}

/**
 * One plugin's code in an engine of its own. It is never disposed of, only let go: after a fault the engine would abort. Data crosses as JSON
 * text, fetched by its host; the guest has no function of the host to call.
 */
export class Instance {
  /** Why it may not be used any more. */
  fault: Fault | undefined;
  readonly #engine: QuickJS;
  readonly #maximum: number;
  readonly #longestDrain: number;
  readonly #doors: { post: QuickJSHandle; drain: QuickJSHandle; explain: QuickJSHandle };
  #meter = new Meter();
  #allowanceMs = 0;
  #interrupted = false;

  private constructor(engine: QuickJS, { memoryBytes, outputBytes }: InstanceLimits) {
    this.#engine = engine;
    this.#maximum = memoryBytes;
    this.#longestDrain = outputBytes + besideOutput;
    const { context } = engine;
    context.unwrapResult(context.evalCode(script, 'opsbro.js')).dispose();
    const guest = context.getProp(context.global, 'opsbroGuest');
    const door = (name: string): QuickJSHandle => context.getProp(guest, name);
    this.#doors = { post: door('post'), drain: door('drain'), explain: door('explain') };
    const adopt = door('adopt');
    context.unwrapResult(context.evalCode('delete globalThis.opsbroGuest')).dispose();
    guest.dispose();
    context.runtime.setInterruptHandler(() => this.#isOver());
    this.#adopt = adopt;
  }

  readonly #adopt: QuickJSHandle;

  /** Starts an engine with no plugin in it yet. */
  static async open(limits: InstanceLimits): Promise<Instance> {
    const { memoryBytes } = limits;
    return new Instance(await openQuickJS({ memoryBytes, stackBytes, intrinsics }), limits);
  }

  /** What its memory has grown to. */
  get memoryBytes(): number {
    return this.#engine.memoryBytes();
  }

  /** True when it should be replaced as soon as no run needs it. */
  get isWorn(): boolean {
    return this.memoryBytes > this.#maximum * wornShare;
  }

  /** Hands a command to the guest and runs it until it waits, at most for the allowance. */
  post(command: GuestCommand, allowanceMs: number): Slice {
    const { context } = this.#engine;
    return this.#slice(allowanceMs, () => {
      const argument = context.newString(JSON.stringify(command));
      const called = context.callFunction(this.#doors.post, context.undefined, argument);
      argument.dispose();
      // The guest's doors throw only for want of memory, stack or time.
      if (called.error !== undefined) throw new Error('a door of the guest threw');
      called.value.dispose();
      this.#runJobs();
      return this.#drain();
    });
  }

  /**
   * Runs a plugin's script, once. Gives the processor time it took, with the fault where that was too much; throws OPSBRO_PLUGIN_IMPORT, with
   * the stack as data, where it cannot be loaded.
   */
  load(code: string, allowanceMs: number): Slice {
    const { context } = this.#engine;
    let thrown: GuestError | undefined;
    const slice = this.#slice(allowanceMs, () => {
      const result = context.evalCode(code, 'plugin.js', { type: 'global' });
      if (result.error !== undefined) {
        thrown = JSON.parse(this.#text(this.#doors.explain, result.error)) as GuestError;
        result.error.dispose();
        return [];
      }
      result.value.dispose();
      this.#runJobs();
      const adopted = context.unwrapResult(context.callFunction(this.#adopt, context.undefined));
      const isPlugin = context.dump(adopted) === true;
      adopted.dispose();
      if (!isPlugin) thrown = { code: '', name: '', message: 'it exports no plugin by default', stack: '' };
      return [];
    });
    if ('fault' in slice && slice.fault === 'cpu')
      return thrown === undefined ? slice : { ...slice, stack: thrown.stack };
    if (thrown !== undefined)
      throw new OpsbroError('OPSBRO_PLUGIN_IMPORT', `its code cannot be loaded: ${thrown.message}`, {
        data: { stack: thrown.stack },
      });
    return slice;
  }

  #slice(allowanceMs: number, act: () => GuestMessage[]): Slice {
    this.#meter = new Meter();
    this.#allowanceMs = allowanceMs;
    this.#interrupted = false;
    try {
      const messages = act();
      if (!this.#interrupted) return { cpuMs: this.#meter.spentMs(), messages };
    } catch {
      // The reason is told apart by what is known here, not by what was thrown.
    }
    this.fault = this.#interrupted
      ? 'cpu'
      : this.memoryBytes >= this.#maximum * wornShare
        ? 'memory'
        : 'broken';
    const stack = this.#interrupted ? this.#interruptedAt() : undefined;
    return { cpuMs: this.#meter.spentMs(), fault: this.fault, ...(stack !== undefined && { stack }) };
  }

  /** The engine makes an error of an interruption, which is told as the failure of its run; a native loop has no line. */
  #interruptedAt(): string | undefined {
    try {
      const failures = this.#drain().filter((message) => message.type === 'failed');
      return failures.findLast(({ error }) => error.name === 'InternalError')?.error.stack;
    } catch {
      return undefined;
    }
  }

  /** A promise job that fails for want of time or memory leaves the engine in an unknown state. */
  #runJobs(): void {
    const { runtime } = this.#engine.context;
    while (runtime.hasPendingJob()) {
      const done = runtime.executePendingJobs(jobsAtOnce);
      if (done.error !== undefined) {
        done.error.dispose();
        throw new Error('a promise job failed');
      }
      done.dispose();
      if (this.#interrupted || this.#isOver()) throw new Error('out of time');
    }
  }

  #drain(): GuestMessage[] {
    const text = this.#text(this.#doors.drain);
    return text === '' ? [] : (JSON.parse(text) as GuestMessage[]);
  }

  #text(door: QuickJSHandle, ...args: QuickJSHandle[]): string {
    const { context } = this.#engine;
    const called = context.callFunction(door, context.undefined, ...args);
    if (called.error !== undefined) throw new Error('a door of the guest threw');
    const length = context.getProp(called.value, 'length');
    const size = context.getNumber(length);
    length.dispose();
    if (!(size <= this.#longestDrain)) throw new Error('more than any run may say');
    const text = context.getString(called.value);
    called.value.dispose();
    return text;
  }

  /** Polled by the engine while guest code runs. */
  #isOver(): boolean {
    this.#interrupted ||= this.#meter.isBeyond(this.#allowanceMs);
    return this.#interrupted;
  }
}
