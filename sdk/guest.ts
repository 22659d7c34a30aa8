/**
 * Functions that run inside the expression thread's sandbox (`runs: guest` in the manifest): pure, synchronous, over values of
 * the expression language. A guest plugin is a folder with `plugin.yml` (its `functions:` declare names, parameters, aliases)
 * and `guest.ts`, which exports `functions`. At build time `scripts/guest.js` bundles all of them with the runtime into one
 * script, so `guest.ts` may import types from `opsbro/sdk` and its own files, nothing else: there is no `node:` in there.
 */

/** `missing`: the value of a key that does not exist at the moment. A call with it as an argument is not made: its result is missing. */
export interface Missing {
  readonly kind: 'missing';
}

/** An immutable sequence. Lists are JavaScript arrays. */
export interface PyTuple {
  readonly kind: 'tuple';
  readonly items: readonly PyValue[];
}

/** A set, in insertion order. */
export interface PySet {
  readonly kind: 'set';
  readonly size: number;
  has(value: PyValue): boolean;
  values(): PyValue[];
}

/** A dict, in insertion order. */
export interface PyDict {
  readonly kind: 'dict';
  readonly size: number;
  has(key: PyValue): boolean;
  get(key: PyValue): PyValue | undefined;
  keys(): PyValue[];
  values(): PyValue[];
  entries(): [PyValue, PyValue][];
}

/**
 * A value of the language. `null` is None. There is one number type: a `bigint` only where an integer lies outside ±2^53,
 * a whole `number` prints without `.0`. Text is indexed by code points. Treat every value as immutable: make a new one.
 */
export type PyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PyValue[]
  | PyTuple
  | PySet
  | PyDict
  | Missing;

/** What is known of this node while an evaluation runs; fixed for the tick. */
export interface GuestFacts {
  /** Groups of this node, sorted; `staticGroups` are those from configuration. */
  readonly groups: readonly string[];
  readonly staticGroups: readonly string[];
  /** Epoch milliseconds. */
  readonly now: number;
  readonly node: { readonly name: string; readonly uuid: string; readonly zone: string };
}

/** Python's semantics for a guest function, passed as its first argument. Everything that fails raises as `raise` does. */
export interface PythonRuntime {
  /** Python's `str(value)`. */
  str(value: PyValue): string;
  /** Python's `repr(value)`. */
  repr(value: PyValue): string;
  /** Python's name of the value's type: `int`, `float`, `str`, `list` … */
  typeName(value: PyValue): string;
  /** Python's `format(value, spec)`, e.g. `format(2.675, '.2f')`. */
  format(value: PyValue, spec: string): string;
  truthy(value: PyValue): boolean;
  /** Structural equality, `True == 1`. */
  equal(left: PyValue, right: PyValue): boolean;
  /** Negative, zero or positive as Python orders the two; raises TypeError where Python does. */
  compare(left: PyValue, right: PyValue): number;
  add(left: PyValue, right: PyValue): PyValue;
  /** Elements of a list, tuple, set, dict (its keys) or string (its code points); raises TypeError for anything else. */
  iterate(value: PyValue): PyValue[];
  /** `len(value)`. */
  length(value: PyValue): number;
  /** The value as a JavaScript number (booleans are 0 and 1); raises TypeError naming `what` for anything else. */
  number(value: PyValue, what: string): number;
  /** A whole number; raises TypeError naming `what` for anything else. */
  integer(value: PyValue, what: string): number;
  /** The string itself; raises TypeError naming `what` for anything else. */
  text(value: PyValue, what: string): string;
  /** Rejects text over 1 MiB; returns it. */
  bounded(text: string): string;
  tuple(items: readonly PyValue[]): PyTuple;
  set(items: readonly PyValue[]): PySet;
  dict(entries: readonly (readonly [PyValue, PyValue])[]): PyDict;
  isTuple(value: PyValue): value is PyTuple;
  isSet(value: PyValue): value is PySet;
  isDict(value: PyValue): value is PyDict;
  isMissing(value: PyValue): value is Missing;
  readonly missing: Missing;
  /** Ends the evaluation with an error: `type` for a wrong type, `value` for a value that cannot be taken, `limit` for a size. */
  raise(what: 'type' | 'value' | 'limit', message: string): never;
  /** A number in [0, 1): the next of a sequence that starts over with each evaluation and is fixed for the tick. */
  random(): number;
  readonly facts: GuestFacts;
}

/** A function of the language. Keyword arguments and defaults are resolved before the call: arguments come in the manifest's order. */
export type GuestFunction = (py: PythonRuntime, ...args: PyValue[]) => PyValue;

/**
 * What `guest.ts` exports as `functions`: one entry for each canonical name of the manifest.
 * @example `export const functions: GuestFunctions = { string_upper: (py, s) => py.text(s, 'string_upper').toUpperCase() };`
 */
export interface GuestFunctions {
  readonly [name: string]: GuestFunction;
}
