import type { Json, JsonObject } from 'opsbro/sdk';
import { OpsbroError, type PlainError } from '../../core/errors.ts';
import { RunEmits } from '../../threads/context/run-emits.ts';
import { argumentLimits, copyTree, type TreeLimits } from '../../threads/context/tree.ts';
import type { LogLine } from '../../threads/protocol.ts';
import { matchesWord, parseWord } from '../grants/wildcard.ts';
import type { GuestMessage, GuestOrder } from './message.ts';
import { makeSignal } from './signal.ts';

const longestMessage = 2048;
const fieldLimits: TreeLimits = {
  depth: 8,
  leaves: 200,
  stringBytes: 8192,
  totalBytes: 16 * 1024,
  code: 'OPSBRO_PLUGIN_RESULT',
  notFinite: 'drop',
};
/** Thrown by `ctx.notEligible`. */
export class NotEligible extends Error {}

/** What a run is made of, beside its order. */
export interface RunParts {
  send(message: GuestMessage): void;
  /** Told of each call of the host after the run's end. */
  late(): void;
  /** Epoch and monotonic ms of the slice that runs, and the guest's own clock when it began. */
  time(): { at: [number, number]; began: number };
}

interface Open {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  read(value: Json): unknown;
  /** What it fails with, made at the call: its stack holds the plugin's line. */
  failure: Error;
}

/** One run: the context its verb gets, and its calls of the host that wait for an answer. */
export class GuestRun {
  readonly #order: GuestOrder;
  readonly #parts: RunParts;
  readonly #open = new Map<number, Open>();
  readonly #signal = makeSignal();
  readonly #emits = new RunEmits();
  #calls = 0;
  #lines = 0;
  #isOver = false;

  constructor(order: GuestOrder, parts: RunParts) {
    this.#order = order;
    this.#parts = parts;
  }

  get state(): JsonObject {
    return this.#order.state;
  }

  /** Where it made the first of the calls that wait, in the engine's words; empty when none does. */
  get waitsAt(): string {
    const [first] = this.#open.values();
    return String(first?.failure.stack ?? '');
  }

  /** Nothing of the run is sent any more. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { dropped } = this.#emits;
    if (dropped > 0) this.#parts.send({ type: 'emits-dropped', run: this.#order.run, count: dropped });
    this.#open.clear();
  }

  /** Fires the signal and fails every call that waits. */
  abort({ code, message }: PlainError): void {
    const error = hostError({ code, message });
    const waiting = [...this.#open.values()];
    this.close();
    this.#signal.abort(error);
    for (const { reject } of waiting) reject(error);
  }

  settle(call: number, answer: { value: Json } | { error: PlainError }): void {
    const open = this.#open.get(call);
    if (open === undefined) return;
    this.#open.delete(call);
    if ('error' in answer) open.reject(hostError(answer.error, open.failure));
    else open.resolve(open.read(answer.value));
  }

  /**
   * Calls the host; `read` makes the answer what the plugin expects. What may take long stays outside of the promise's executor, which would take
   * the engine's interrupt for a rejection.
   */
  #call(name: string, args: unknown[], read: (value: Json) => unknown = (value) => value): Promise<unknown> {
    try {
      this.#send(name, args);
    } catch (refused) {
      return Promise.reject(refused);
    }
    const call = this.#calls;
    const failure = new Error('');
    return new Promise((resolve, reject) => {
      this.#open.set(call, { resolve, reject, read, failure });
    });
  }

  #send(name: string, args: unknown[]): void {
    if (this.#isOver) this.#parts.late();
    this.#signal.signal.throwIfAborted();
    if (this.#isOver) throw new OpsbroError('OPSBRO_PLUGIN_LATE', `ctx.${name} was called after the run`);
    const { run, limits } = this.#order;
    if (this.#calls >= limits.hostCalls) {
      const stack = String(new Error('').stack);
      this.#parts.send({ type: 'breach', run, limit: 'host_calls', found: this.#calls + 1, stack });
      this.close();
      throw new OpsbroError('OPSBRO_PLUGIN_BUDGET', `more than ${limits.hostCalls} calls of the host`);
    }
    const plain = copyTree(args, argumentLimits).value as Json[];
    this.#calls += 1;
    this.#parts.send({ type: 'call', run, call: this.#calls, name, args: plain });
  }

  #log(level: LogLine['level'], message: unknown, fields: unknown): void {
    if (this.#isOver) return;
    const { run, limits } = this.#order;
    this.#lines += 1;
    if (this.#lines > limits.logLines) {
      this.#parts.send({ type: 'breach', run, limit: 'log_lines', found: this.#lines });
      this.close();
      return;
    }
    const text = typeof message === 'string' ? message.slice(0, longestMessage + 1) : '(not a text)';
    let extra: { fields?: JsonObject } = {};
    try {
      if (fields !== undefined) extra = { fields: copyTree(fields, fieldLimits).value as JsonObject };
    } catch {
      extra = { fields: { fields: 'not plain data' } };
    }
    this.#parts.send({ type: 'log', run, level, message: text, ...extra });
  }

  #emit(topic: unknown, data: unknown): void {
    if (this.#isOver) return;
    const emit = this.#emits.take(topic, data);
    if (emit !== null) this.#parts.send({ type: 'emit', run: this.#order.run, ...emit });
  }

  #env(name: unknown): string | undefined {
    const { granted, values } = this.#order.env;
    const text = String(name);
    if (granted.some((pattern) => matchesWord(parseWord(pattern, '*'), text)))
      return Object.hasOwn(values, text) ? values[text] : undefined;
    // The host counts what is denied; its answer is the same.
    this.#call('env', [text]).catch(() => undefined);
    throw new OpsbroError(
      'OPSBRO_PLUGIN_DENIED',
      `the variable ${text.slice(0, 100)} is not among its permissions`,
    );
  }

  /**
   * What the verb gets. Not kept here: what leads to itself is freed only when the engine collects garbage, which it does late, for the sizes of
   * what it allocates are unknown to it.
   */
  makeContext(): object {
    const call =
      (name: string, read?: (value: Json) => unknown) =>
      (...args: unknown[]): Promise<unknown> =>
        this.#call(name, args, read);
    const level =
      (name: LogLine['level']) =>
      (message: unknown, fields?: unknown): void =>
        this.#log(name, message, fields);
    const emit = (topic: unknown, data: unknown): void => this.#emit(topic, data);
    const { options, name, state, facts, type } = this.#order;
    const given = facts === undefined || type === 'export' ? options : { ...options, facts };
    return {
      ...(type === 'call' ? {} : { options: given, state, emit, notEligible: refuseRun }),
      name,
      signal: this.#signal.signal,
      log: { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') },
      clock: { now: () => Date.now(), monotonic: () => this.#monotonic() },
      readText: call('readText'),
      tryReadText: call('tryReadText', orUndefined),
      readLines: call('readLines'),
      readBytes: call('readBytes'),
      list: call('list'),
      stat: call('stat', orUndefined),
      statFileSystem: call('statFileSystem'),
      http: call('http'),
      tcp: call('tcp.connect', (opened) => this.#connection(opened as JsonObject)),
      exec: call('exec'),
      render: call('render'),
      kv: {
        get: call('kv.get', orUndefined),
        put: call('kv.put'),
        delete: call('kv.delete'),
        list: call('kv.list'),
      },
      env: (variable: unknown) => this.#env(variable),
    };
  }

  #connection({ id, ...rest }: JsonObject): object {
    return {
      ...rest,
      write: (text: unknown) => this.#call('tcp.write', [id, text]),
      read: (options: unknown = {}) => this.#call('tcp.read', [id, options]),
      close: () => {
        if (!this.#isOver) this.#call('tcp.close', [id]).catch(() => undefined);
      },
    };
  }

  #monotonic(): number {
    const { at, began } = this.#parts.time();
    return at[1] + Math.max(0, Date.now() - began);
  }
}

const orUndefined = (value: Json): unknown => value ?? undefined;

function refuseRun(reason: unknown): never {
  throw new NotEligible(String(reason).slice(0, longestMessage));
}

function hostError({ code, message, data }: PlainError, failure = new Error('')): Error {
  failure.message = message;
  return Object.assign(failure, data === undefined ? { code } : { code, data });
}
