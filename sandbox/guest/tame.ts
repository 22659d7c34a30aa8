/**
 * Makes the guest's own language safe to share between runs: what loops in the engine without end is bounded, nothing that all code reaches can
 * be changed. The engine polls its deadline at calls and jumps only, so work that it does in one go first spends as many jumps.
 */

/** The longest list that one operation of the engine goes through. */
const longestList = 1_000_000;
const longestText = 1_048_576;
/** Comparisons of one search. */
const longestSearch = 268_435_456;
/** What the engine does in one go for each jump that is spent. */
const workPerJump = 128;

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Holder = { [name: PropertyKey]: unknown };

const { apply, ownKeys } = Reflect;
const { defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf } = Object;

function spend(work: number): void {
  for (let left = work / workPerJump; left > 1; left -= 1);
}

/** Puts a method in place of another that first asks what the work will be. */
function guard(holder: object, name: string, work: (self: unknown, args: unknown[]) => number): void {
  const native = (holder as Holder)[name] as Method | undefined;
  if (native === undefined) return;
  const guarded = {
    [name](this: unknown, ...args: unknown[]): unknown {
      spend(work(this, args));
      return apply(native, this, args);
    },
  }[name] as Method;
  defineProperty(guarded, 'length', { value: native.length, configurable: true });
  defineProperty(holder, name, { value: guarded, writable: true, configurable: true });
}

function lengthOf(value: unknown): number {
  if (value === null || value === undefined) return 0;
  const { length } = value as { length?: unknown };
  return typeof length === 'number' ? length : 0;
}

function listWork(self: unknown): number {
  const length = lengthOf(self);
  if (length > longestList)
    throw new RangeError(`a list of ${length} values is too long in the sandbox, which takes ${longestList}`);
  return length;
}

function textWork(size: number): number {
  if (size > longestText)
    throw new RangeError(
      `a text of ${size} characters is too long in the sandbox, which takes ${longestText}`,
    );
  return size;
}

function searchWork(self: unknown, [part]: unknown[]): number {
  if (typeof self !== 'string') return listWork(self);
  const size = self.length * (typeof part === 'string' ? Math.max(1, part.length) : 1);
  if (size > longestSearch) throw new RangeError('a search over so much text is too long here');
  return self.length;
}

function guardLists(): void {
  const list = Array.prototype;
  for (const name of Object.getOwnPropertyNames(list)) {
    const isMethod = typeof (list as unknown as Holder)[name] === 'function';
    if (isMethod && !['constructor', 'push', 'pop', 'at', 'keys', 'values', 'entries'].includes(name))
      guard(list, name, listWork);
  }
  guard(String, 'raw', (_, [strings]) => listWork((strings as { raw?: unknown } | undefined)?.raw));
}

function guardTexts(): void {
  const text = String.prototype;
  guard(text, 'repeat', (self, [count]) => textWork(lengthOf(self) * Number(count)));
  for (const name of ['padStart', 'padEnd']) guard(text, name, (_, [length]) => textWork(Number(length)));
  for (const name of ['indexOf', 'lastIndexOf', 'includes', 'split', 'replace', 'replaceAll'])
    guard(text, name, searchWork);
  guard(JSON, 'parse', (_, [source]) => lengthOf(source));
  const { stringify } = JSON;
  JSON.stringify = ((value: unknown, ...rest: [null?, string?]) => {
    const source = stringify(value, ...rest);
    spend(lengthOf(source));
    return source;
  }) as typeof stringify;
}

/** Properties that code of classes often sets on its own objects, though frozen objects up the chain have them too. */
function allowOverrides(): void {
  const errors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
  for (const { prototype } of [...errors, AggregateError]) allow(prototype, ['name', 'message', 'toString']);
  allow(Object.prototype, ['toString', 'toLocaleString', 'valueOf', 'hasOwnProperty', 'constructor']);
  allow(Function.prototype, ['toString', 'constructor', 'name']);
}

function allow(prototype: object, names: string[]): void {
  for (const name of names) {
    const found = getOwnPropertyDescriptor(prototype, name);
    if (found === undefined || !('value' in found)) continue;
    const { value } = found;
    defineProperty(prototype, name, {
      get: () => value,
      set(this: object, next: unknown) {
        if (this === prototype) throw new TypeError(`'${name}' is read-only`);
        defineProperty(this, name, { value: next, writable: true, enumerable: true, configurable: true });
      },
      enumerable: false,
      configurable: false,
    });
  }
}

/** Freezes everything that code can reach without being given it: what globals lead to, and what syntax makes. */
function seal(roots: unknown[]): void {
  const sealed = new Set<unknown>([globalThis]);
  const waiting = roots;
  while (waiting.length > 0) {
    const value = waiting.pop() as object;
    if (Object(value) !== value || sealed.has(value)) continue;
    sealed.add(value);
    for (const key of ownKeys(value)) {
      const { value: inner, get, set } = getOwnPropertyDescriptor(value, key) ?? {};
      waiting.push(inner, get, set);
    }
    waiting.push(getPrototypeOf(value));
    freeze(value);
  }
}

/** To be called before any code of a plugin runs. The global object itself stays open until `closeGlobal`. */
export function tame(): void {
  for (const name of ['BigInt', 'InternalError']) delete (globalThis as unknown as Holder)[name];
  guardLists();
  guardTexts();
  allowOverrides();
  const syntax = [
    [].values(),
    new Map().values(),
    new Set().values(),
    ''[Symbol.iterator](),
    ''.matchAll(/a/g),
    function* () {},
    (function* () {})(),
    async () => {},
    async function* () {},
    (async function* () {})(),
  ];
  const names = ownKeys(globalThis).filter((name) => name !== 'globalThis');
  seal([...names.map((name) => (globalThis as unknown as Holder)[name]), ...syntax]);
  for (const name of names) defineProperty(globalThis, name, { writable: false, configurable: false });
}

/** To be called when the plugin's script has run: no run leaves globals for the next. */
export function closeGlobal(): void {
  freeze(globalThis);
}
