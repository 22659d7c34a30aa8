import { OpsbroError } from '../../core/errors.ts';

const maxLength = 256;
const maxStates = 500;
const maxRepeat = 100;
/** Longer texts are compared by their beginning. */
const maxInput = 1024;

/** What one step of the automaton reads: a character that `accepts`, or nothing. */
type State =
  | { type: 'read'; accepts(point: number): boolean; next: number }
  | { type: 'fork'; next: number; other: number }
  | { type: 'end' };

type Accepts = (point: number) => boolean;

/** The tree of a pattern. */
type Node =
  | { type: 'read'; accepts: Accepts }
  | { type: 'sequence'; parts: Node[] }
  | { type: 'choice'; parts: Node[] }
  | { type: 'repeat'; part: Node; min: number; max: number };

/** Says whether a text matches from its first to its last character. */
export type Pattern = (text: string) => boolean;

/**
 * Compiles a regular expression for matching in time proportional to the text, whatever the expression: Thompson's construction, simulated by
 * sets of states (https://swtch.com/~rsc/regexp/regexp1.html). JavaScript's own would let `(a+)+$` hold the agent. Knows what RE2 and
 * JavaScript share: `. | ( ) (?: ) [ ] [^ ] * + ? {n,m} \d \w \s` and their opposites, and escaped characters; no anchors inside, since it
 * matches the whole text. Throws OPSBRO_API_INVALID naming the place for anything else.
 */
export function compilePattern(source: string): Pattern {
  if (source.length > maxLength)
    throw invalid(source, `it is longer than ${maxLength} characters; use several matchers`);
  const states: State[] = [{ type: 'end' }];
  const start = build(new Parser(source).parse(), 0, states, source);
  return (text) => run(states, start, text.slice(0, maxInput));
}

function invalid(source: string, reason: string): OpsbroError {
  return new OpsbroError(
    'OPSBRO_API_INVALID',
    `the pattern '${source.slice(0, maxLength)}' cannot be used: ${reason}`,
  );
}

function run(states: State[], start: number, text: string): boolean {
  let current = reach(states, [start]);
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    const next: number[] = [];
    for (const index of current) {
      const state = states[index] as State;
      if (state.type === 'read' && state.accepts(point)) next.push(state.next);
    }
    if (next.length === 0) return false;
    current = reach(states, next);
  }
  return current.has(0);
}

/** The states that can be reached without reading. */
function reach(states: State[], from: number[]): Set<number> {
  const found = new Set<number>();
  const open = [...from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (found.has(index)) continue;
    found.add(index);
    const state = states[index] as State;
    if (state.type === 'fork') open.push(state.next, state.other);
  }
  return found;
}

/** Adds the states that match `node` and go on to `next`; gives the first of them. */
function build(node: Node, next: number, states: State[], source: string): number {
  const add = (state: State): number => {
    if (states.length >= maxStates) throw invalid(source, 'its repetitions are too large; make them smaller');
    return states.push(state) - 1;
  };
  if (node.type === 'read') return add({ type: 'read', accepts: node.accepts, next });
  if (node.type === 'sequence') {
    // Also what reads nothing costs a state: repetitions of it have the same limit.
    if (node.parts.length === 0) return add({ type: 'fork', next, other: next });
    return node.parts.reduceRight((after, part) => build(part, after, states, source), next);
  }
  if (node.type === 'choice')
    return node.parts
      .map((part) => build(part, next, states, source))
      .reduce((other, first) => add({ type: 'fork', next: first, other }));
  const { part, min, max } = node;
  let after = next;
  if (max === Number.POSITIVE_INFINITY) {
    const loop: State = { type: 'fork', next, other: next };
    after = add(loop);
    loop.other = build(part, after, states, source);
  } else
    for (let count = min; count < max; count += 1)
      after = add({ type: 'fork', next, other: build(part, after, states, source) });
  for (let count = 0; count < min; count += 1) after = build(part, after, states, source);
  return after;
}

const isDigit: Accepts = (point) => point >= 48 && point <= 57;
const isWord: Accepts = (point) =>
  isDigit(point) || (point >= 65 && point <= 90) || (point >= 97 && point <= 122) || point === 95;
const isSpace: Accepts = (point) => point === 32 || (point >= 9 && point <= 13);
const classes: { [letter: string]: Accepts } = {
  d: isDigit,
  w: isWord,
  s: isSpace,
  D: (point) => !isDigit(point),
  W: (point) => !isWord(point),
  S: (point) => !isSpace(point),
};
const controls: { [letter: string]: string } = { n: '\n', r: '\r', t: '\t' };

class Parser {
  readonly #source: string;
  readonly #characters: string[];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#characters = [...source];
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#characters.length) throw this.#error("has no '(' before it");
    return node;
  }

  #error(what: string): OpsbroError {
    const found = this.#characters[this.#at];
    const place = found === undefined ? 'at its end' : `'${found}' at character ${this.#at + 1}`;
    return invalid(this.#source, `${place} ${what}`);
  }

  #take(character: string): boolean {
    if (this.#characters[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #choice(): Node {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    return { type: 'choice', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    for (;;) {
      const next = this.#characters[this.#at];
      if (next === undefined || next === '|' || next === ')') return { type: 'sequence', parts };
      parts.push(this.#repeated(this.#single(next)));
    }
  }

  #single(character: string): Node {
    if ('*+?{'.includes(character)) throw this.#error('has nothing to repeat');
    if ('^$'.includes(character))
      throw this.#error('is not needed: a pattern matches the whole text; leave it out or escape it');
    this.#at += 1;
    if (character === '(') return this.#group();
    if (character === '[') return { type: 'read', accepts: this.#set() };
    if (character === '\\') return { type: 'read', accepts: this.#escaped() };
    if (character === '.') return { type: 'read', accepts: () => true };
    const point = character.codePointAt(0);
    return { type: 'read', accepts: (other) => other === point };
  }

  #group(): Node {
    if (this.#take('?') && !this.#take(':'))
      throw this.#error("is unknown after '(?'; only groups '(?:' exist");
    const node = this.#choice();
    if (!this.#take(')')) throw this.#error("lacks a ')'");
    return node;
  }

  #repeated(part: Node): Node {
    let node = part;
    if (this.#take('*')) node = { type: 'repeat', part, min: 0, max: Number.POSITIVE_INFINITY };
    else if (this.#take('+')) node = { type: 'repeat', part, min: 1, max: Number.POSITIVE_INFINITY };
    else if (this.#take('?')) node = { type: 'repeat', part, min: 0, max: 1 };
    else if (this.#characters[this.#at] === '{') node = this.#counted(part);
    else return node;
    // Lazy repetition finds the same whole texts.
    this.#take('?');
    if ('*+?{'.includes(this.#characters[this.#at] ?? ' ')) throw this.#error('repeats a repetition');
    return node;
  }

  #counted(part: Node): Node {
    const rest = this.#characters.slice(this.#at).join('');
    const [text, first = '', comma, last] = /^\{(\d{1,3})(,(\d{1,3})?)?\}/.exec(rest) ?? [];
    const min = Number(first);
    const max = comma === undefined ? min : last === undefined ? Number.POSITIVE_INFINITY : Number(last);
    if (text === undefined || min > max || min > maxRepeat || (max > maxRepeat && Number.isFinite(max)))
      throw this.#error(`begins no repetition such as {2} or {1,5}, at most ${maxRepeat}`);
    this.#at += text.length;
    return { type: 'repeat', part, min, max };
  }

  #escaped(): Accepts {
    const character = this.#characters[this.#at];
    if (character === undefined) throw this.#error('lacks the escaped character');
    const known = classes[character];
    const control = controls[character];
    if (known === undefined && control === undefined && /[A-Za-z0-9]/.test(character))
      throw this.#error('is unknown after a backslash');
    this.#at += 1;
    const point = (control ?? character).codePointAt(0);
    return known ?? ((other) => other === point);
  }

  #set(): Accepts {
    const isNegated = this.#take('^');
    const parts: Accepts[] = [];
    while (!this.#take(']')) parts.push(this.#member());
    return (point) => parts.some((accepts) => accepts(point)) !== isNegated;
  }

  #member(): Accepts {
    const first = this.#characters[this.#at];
    if (first === undefined) throw this.#error("lacks a ']'");
    this.#at += 1;
    if (first === '\\') return this.#escaped();
    const from = first.codePointAt(0) as number;
    const last = this.#characters[this.#at + 1];
    if (this.#characters[this.#at] !== '-' || last === undefined || last === ']')
      return (point) => point === from;
    const to = last.codePointAt(0) as number;
    if (to < from || last === '\\') throw this.#error(`begins no range after '${first}'`);
    this.#at += 2;
    return (point) => point >= from && point <= to;
  }
}
