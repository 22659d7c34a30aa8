import { readNumber } from './number.ts';

/** What a pickle of points is made of. */
type Item = string | number | Item[] | typeof mark;
const mark = Symbol('mark');
/** More than any list of a million bytes holds. */
const maxMemo = 200_000;

/** Says why bytes are no pickle of points. */
class PickleError extends Error {}

/**
 * Reads a pickle that holds lists, tuples, texts and numbers, and nothing else: every other opcode is refused before anything of it happens, so
 * that no pickle can name code. Throws where it is refused, cut short or without an end. The texts are UTF-8.
 */
export function readPickle(bytes: Buffer): unknown {
  return new Machine(bytes).run();
}

class Machine {
  readonly #bytes: Buffer;
  readonly #stack: Item[] = [];
  readonly #memo = new Map<number, Item>();
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  run(): unknown {
    for (;;) {
      const code = String.fromCharCode(this.#unsigned(1));
      if (code === '.') return this.#result();
      const act = this.#text[code] ?? this.#numbers[code] ?? this.#structure[code];
      if (act === undefined) throw new PickleError(`opcode 0x${code.charCodeAt(0).toString(16)} is refused`);
      act();
    }
  }

  readonly #text: { [code: string]: () => void } = {
    X: () => this.#push(this.#string(this.#unsigned(4))),
    '\x8c': () => this.#push(this.#string(this.#unsigned(1))),
    '\x8d': () => this.#push(this.#string(this.#unsigned(8))),
    T: () => this.#push(this.#string(this.#unsigned(4))),
    U: () => this.#push(this.#string(this.#unsigned(1))),
    B: () => this.#push(this.#string(this.#unsigned(4))),
    C: () => this.#push(this.#string(this.#unsigned(1))),
    V: () => this.#push(this.#line()),
    S: () => this.#push(/^(['"])(.*)\1$/.exec(this.#line())?.[2] ?? this.#refuse('a text without quotes')),
  };

  readonly #numbers: { [code: string]: () => void } = {
    G: () => this.#push(this.#take(8).readDoubleBE()),
    F: () => this.#push(this.#number(this.#line())),
    I: () => this.#push(this.#number(this.#line())),
    L: () => this.#push(this.#number(this.#line().replace(/L$/, ''))),
    J: () => this.#push(this.#take(4).readInt32LE()),
    K: () => this.#push(this.#unsigned(1)),
    M: () => this.#push(this.#unsigned(2)),
    '\x8a': () => this.#push(this.#long(this.#unsigned(1))),
  };

  readonly #structure: { [code: string]: () => void } = {
    '\x80': () => void this.#unsigned(1),
    '\x95': () => void this.#unsigned(8),
    '(': () => this.#push(mark),
    ']': () => this.#push([]),
    ')': () => this.#push([]),
    l: () => this.#push(this.#toMark()),
    t: () => this.#push(this.#toMark()),
    '\x85': () => this.#push(this.#popped(1)),
    '\x86': () => this.#push(this.#popped(2)),
    '\x87': () => this.#push(this.#popped(3)),
    a: () => this.#append(this.#popped(1)),
    e: () => this.#append(this.#toMark()),
    q: () => this.#keep(this.#unsigned(1)),
    r: () => this.#keep(this.#unsigned(4)),
    p: () => this.#keep(this.#number(this.#line())),
    '\x94': () => this.#keep(this.#memo.size),
    h: () => this.#recall(this.#unsigned(1)),
    j: () => this.#recall(this.#unsigned(4)),
    g: () => this.#recall(this.#number(this.#line())),
  };

  #result(): Item {
    const [result] = this.#stack;
    return this.#stack.length === 1 && result !== undefined
      ? result
      : this.#refuse('an end without a result');
  }

  #push(item: Item): void {
    this.#stack.push(item);
  }

  #popped(count: number): Item[] {
    if (this.#stack.length < count) this.#refuse('too little on the stack');
    return this.#stack.splice(this.#stack.length - count);
  }

  #toMark(): Item[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) this.#refuse('no mark');
    const items = this.#stack.splice(at);
    items.shift();
    return items;
  }

  #append(items: Item[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) this.#refuse('no list to append to');
    else for (const item of items) list.push(item);
  }

  #keep(place: number): void {
    const item = this.#stack.at(-1);
    if (item === undefined || this.#memo.size >= maxMemo) this.#refuse('nothing to remember, or too much');
    else this.#memo.set(place, item);
  }

  #recall(place: number): void {
    this.#push(this.#memo.get(place) ?? this.#refuse('nothing remembered there'));
  }

  #take(length: number): Buffer {
    const from = this.#at;
    if (length > this.#bytes.length - from) this.#refuse('its end is missing');
    this.#at = from + length;
    return this.#bytes.subarray(from, this.#at);
  }

  #unsigned(length: 1 | 2 | 4 | 8): number {
    const bytes = this.#take(length);
    return length === 8 ? Number(bytes.readBigUInt64LE()) : bytes.readUIntLE(0, length);
  }

  #string(length: number): string {
    return this.#take(length).toString('utf8');
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) this.#refuse('its end is missing');
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #number(text: string): number {
    return readNumber(text) ?? this.#refuse(`'${text.slice(0, 20)}' is no number`);
  }

  /** Whole numbers of any length, the least significant byte first, the last one with the sign. */
  #long(length: number): number {
    let value = 0;
    const bytes = this.#take(length);
    for (let index = length - 1; index >= 0; index -= 1)
      value = value * 256 + (index === length - 1 ? bytes.readInt8(index) : bytes[index]!);
    return value;
  }

  #refuse(reason: string): never {
    throw new PickleError(`no pickle of points: ${reason}`);
  }
}
