import type { Json } from 'opsbro/sdk';
import type { ErrorCode } from '../../core/errors.ts';
import { endingWith, nearest } from '../nearest.ts';
import type { Scope } from '../program.ts';
import type { CompareOperator, Node, Target } from './ast.ts';
import { bindArguments, constantArguments } from './calls.ts';
import { percentCode } from './percent.ts';
import { CompileError } from './placeholders.ts';

/**
 * JavaScript for an expression, and what is known of its result before it runs. `real` is a number or a bigint,
 * `condition` True, False or missing.
 */
export interface Code {
  code: string;
  type: 'number' | 'real' | 'text' | 'condition' | 'any';
}

/** Where an expression's names lead; what `compile.ts` provides to the emitter. */
export interface Bindings {
  readonly scope: Scope;
  /** Code that reads the placeholder of that number. */
  placeholder(index: number): Code;
  /** Code of a value written in the expression: bound like a parameter, so that expressions of one shape share their source. */
  written(key: string, value: string | number): Code;
  /** Code that names a runtime operation, to be made visible to the program. */
  operation(name: string): string;
  /** Remembers that the program may ask the host for this function; `args` when they are written as constants. */
  needs(name: string, args: Json[] | undefined): void;
  /** True where a function that does not exist fails only when reached. */
  readonly lateNames: boolean;
  /** Set where every node's value is recorded: gives the number of a node. */
  record?: (node: Node, emit: () => Code) => Code;
}

const LARGEST = '9007199254740991';
const comparisons: { [operator: string]: string } = {
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  '==': 'eq',
  '!=': 'ne',
};
const arithmetic: { [operator: string]: string } = { '+': 'add', '-': 'sub', '*': 'mul' };

/** Plain data as source text; every character outside ASCII's printable range is escaped. */
export function literal(value: Json | bigint): string {
  if (typeof value === 'bigint') return `${value}n`;
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Writes the JavaScript of one expression (one JavaScript function: temporaries are its locals). */
export class Emitter {
  readonly #bindings: Bindings;
  readonly #locals: Map<string, string>[] = [];
  #temporaries = 0;
  #names = 0;

  constructor(bindings: Bindings) {
    this.#bindings = bindings;
  }

  /** How many temporaries the code so far uses: `t0`, `t1` … */
  get temporaries(): number {
    return this.#temporaries;
  }

  temporary(): string {
    this.#temporaries += 1;
    return `t${this.#temporaries - 1}`;
  }

  emit(node: Node): Code {
    const { record } = this.#bindings;
    return record === undefined ? this.#plain(node) : record(node, () => this.#plain(node));
  }

  /** Code of a text: `start` (already known characters) before the printed value. */
  text(node: Node, start: string): string {
    if (node.kind === 'constant' && typeof node.value === 'string')
      return this.written(node, start + node.value).code;
    if (node.kind === 'binary' && node.operator === '%') {
      const fast = this.#percent(node, start);
      if (fast !== undefined) return fast;
    }
    const { code, type } = this.emit(node);
    const shown = type === 'text' ? code : `${this.operation('txt')}(${code})`;
    return start === '' ? shown : `${literal(start)}+${shown}`;
  }

  /** Code that names a runtime operation. */
  operation(name: string): string {
    return this.#bindings.operation(name);
  }

  #fail(code: ErrorCode, message: string, node: Node): never {
    throw new CompileError(code, message, node.from);
  }

  #any(operation: string, ...args: string[]): Code {
    return { code: `${this.operation(operation)}(${args.join(',')})`, type: 'any' };
  }

  #items(nodes: readonly Node[]): string {
    return `[${nodes.map((node) => this.emit(node).code).join(',')}]`;
  }

  #plain(node: Node): Code {
    switch (node.kind) {
      case 'constant':
        return this.#constant(node);
      case 'placeholder':
        return this.#bindings.placeholder(node.index);
      case 'text':
        return this.#any(
          'cat',
          `[${node.parts.map((part) => (typeof part === 'string' ? literal(part) : this.emit(part).code)).join(',')}]`,
        );
      case 'field':
        return this.#any(
          'fmt',
          this.emit(node.value).code,
          literal(node.conversion),
          node.spec === null ? '""' : this.emit(node.spec).code,
        );
      case 'name':
        return this.#name(node.name, node);
      case 'list':
      case 'tuple':
      case 'set':
      case 'dict':
        return this.#display(node);
      case 'binary':
        return this.#binary(node);
      case 'unary':
        return this.#unary(node);
      case 'and':
      case 'or':
        return this.#logical(node.kind, node.operands);
      case 'compare':
        return this.#comparison(node.first, node.rest);
      case 'if':
        return this.#conditional(node);
      case 'call':
        return this.#call(node);
      case 'method':
        return this.#method(node);
      case 'item':
        return this.#any('item', this.emit(node.target).code, this.emit(node.index).code);
      case 'slice':
        return this.#any(
          'slice',
          this.emit(node.target).code,
          ...node.bounds.map((bound) => (bound === null ? 'null' : this.emit(bound).code)),
        );
      case 'comprehension':
        return this.#comprehension(node);
    }
  }

  #display(node: Node & { kind: 'list' | 'tuple' | 'set' | 'dict' }): Code {
    if (node.kind === 'dict')
      return this.#any('dict', `[${node.pairs.map((pair) => this.#items(pair)).join(',')}]`);
    const items = this.#items(node.items);
    return node.kind === 'list' ? { code: items, type: 'any' } : this.#any(node.kind, items);
  }

  #method(node: Node & { kind: 'method' }): Code {
    const target = this.emit(node.target).code;
    const named = node.named.map(([name, value]) => `[${literal(name)},${this.emit(value).code}]`);
    return this.#any('meth', target, literal(node.name), this.#items(node.args), `[${named.join(',')}]`);
  }

  /** Code of a number or text written at that place of the expression; `part` tells several of one node apart. */
  written(node: Node, value: string | number, part = 0): Code {
    return this.#bindings.written(`${node.from}.${part}`, value);
  }

  #constant(node: Node & { kind: 'constant' }): Code {
    const { value } = node;
    if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)))
      return this.written(node, value);
    if (typeof value === 'number') return { code: 'Infinity', type: 'any' };
    return { code: literal(value), type: typeof value === 'boolean' ? 'condition' : 'any' };
  }

  #name(name: string, node: Node): Code {
    for (const scope of [...this.#locals].reverse()) {
      const local = scope.get(name);
      if (local !== undefined) return { code: local, type: 'any' };
    }
    const { functions } = this.#bindings.scope;
    if (functions.has(name))
      return this.#fail(
        'OPSBRO_EXPRESSION_UNKNOWN_NAME',
        `'${name}' is a function: call it as ${name}(…)`,
        node,
      );
    const near =
      name === 'null'
        ? 'None'
        : nearest(name, ['True', 'False', 'None', ...this.#locals.flatMap((scope) => [...scope.keys()])]);
    return this.#fail(
      'OPSBRO_EXPRESSION_UNKNOWN_NAME',
      `the name '${name}' does not exist; ${near === undefined ? 'texts need quotes' : `did you mean '${near}'?`}`,
      node,
    );
  }

  /** Puts an operand into a temporary unless it is a number that can be written twice. */
  #operand(code: Code): { set: string; ref: string; check: string } {
    if (code.type === 'number' && /^[\w.]+$/.test(code.code)) return { set: '', ref: code.code, check: '' };
    const ref = this.temporary();
    return {
      set: `${ref}=${code.code},`,
      ref,
      check: code.type === 'number' ? '' : `typeof ${ref}==="number"&&`,
    };
  }

  #binary(node: Node & { kind: 'binary' }): Code {
    if (node.operator === '%') {
      const fast = this.#percent(node, '');
      if (fast !== undefined) return { code: fast, type: 'any' };
    }
    const { operator } = node;
    const left = this.emit(node.left);
    const right = this.emit(node.right);
    const slow = (a: string, b: string): string =>
      operator in arithmetic
        ? `${this.operation(arithmetic[operator] as string)}(${a},${b})`
        : operator === '%'
          ? `${this.operation('mod')}(${a},${b})`
          : `${this.operation('bin')}(${literal(operator)},${a},${b})`;
    if (!'+-*/'.includes(operator) || left.type === 'text' || right.type === 'text')
      return { code: slow(left.code, right.code), type: 'any' };
    const a = this.#operand(left);
    const b = this.#operand(right);
    const result = this.temporary();
    return {
      code: `(${a.set}${b.set}${a.check}${b.check}(${result}=${a.ref}${operator} ${b.ref})<=${LARGEST}&&${result}>=-${LARGEST}?${result}:${slow(a.ref, b.ref)})`,
      type: left.type === 'number' && right.type === 'number' ? 'real' : 'any',
    };
  }

  #percent(node: Node & { kind: 'binary' }, start: string): string | undefined {
    return this.#bindings.record === undefined ? percentCode(node, start, this) : undefined;
  }

  #unary(node: Node & { kind: 'unary' }): Code {
    const { code, type } = this.emit(node.operand);
    if (node.operator === 'not') return { code: `${this.operation('not')}(${code})`, type: 'condition' };
    if (node.operator === '-' && node.operand.kind === 'constant' && type === 'number')
      return { code: `(-${code})`, type: 'number' };
    return this.#any('una', literal(node.operator), code);
  }

  #logical(kind: 'and' | 'or', operands: Node[]): Code {
    const codes = operands.map((operand) => this.emit(operand));
    const type = codes.every((code) => code.type === 'condition') ? 'condition' : 'any';
    const code = codes
      .map(({ code }) => code)
      .reduceRight((rest, first, index) => {
        const held = this.temporary();
        const test = codes[index]?.type === 'condition' ? held : `${this.operation('truth')}(${held})`;
        // A missing operand decides: it is neither true nor false.
        return kind === 'and'
          ? `(${held}=${first},${test}===true?${rest}:${held})`
          : `(${held}=${first},${test}===false?${rest}:${held})`;
      });
    return { code, type };
  }

  #comparison(first: Node, rest: [CompareOperator, Node][]): Code {
    let left = this.emit(first);
    const parts: string[] = [];
    for (const [index, [operator, node]] of rest.entries()) {
      let right = this.emit(node);
      let keep = '';
      if (index < rest.length - 1) {
        const held = this.temporary();
        keep = `${held}=${right.code},`;
        right = { code: held, type: right.type };
      }
      const before = parts.length === 0 && keep !== '' ? this.#hold(left) : { set: '', code: left };
      parts.push(`(${before.set}${keep}${this.#compareTwo(operator, before.code, right)})`);
      left = right;
    }
    const code = parts.reduceRight((later, earlier) => {
      const held = this.temporary();
      return `((${held}=${earlier})===true?${later}:${held})`;
    });
    return { code, type: 'condition' };
  }

  #hold(code: Code): { set: string; code: Code } {
    const held = this.temporary();
    return { set: `${held}=${code.code},`, code: { code: held, type: code.type } };
  }

  #compareTwo(operator: CompareOperator, left: Code, right: Code): string {
    if (operator === 'in') return `${this.operation('has')}(${left.code},${right.code})`;
    if (operator === 'not in') return `${this.operation('hasnt')}(${left.code},${right.code})`;
    if (operator === 'is') return `${this.operation('same')}(${left.code},${right.code})`;
    if (operator === 'is not') return `!${this.operation('same')}(${left.code},${right.code})`;
    const slow = this.operation(comparisons[operator] as string);
    if (left.type === 'text' || right.type === 'text') return `${slow}(${left.code},${right.code})`;
    const a = this.#operand(left);
    const b = this.#operand(right);
    const script = operator === '==' ? '===' : operator === '!=' ? '!==' : operator;
    const check = a.check + b.check;
    const fast = `${a.ref}${script}${b.ref}`;
    return check === ''
      ? `${a.set}${b.set}${fast}`
      : `${a.set}${b.set}${check.slice(0, -2)}?${fast}:${slow}(${a.ref},${b.ref})`;
  }

  #conditional(node: Node & { kind: 'if' }): Code {
    const held = this.temporary();
    const test = `${this.operation('truth')}(${this.emit(node.test).code})`;
    const code = `((${held}=${test})===true?${this.emit(node.yes).code}:${held}===false?${this.emit(node.otherwise).code}:${held})`;
    return { code, type: 'any' };
  }

  #call(node: Node & { kind: 'call' }): Code {
    const { functions } = this.#bindings.scope;
    const known = functions.get(node.name);
    if (known === undefined) {
      const near = nearest(node.name, functions.keys()) ?? endingWith(node.name, functions.keys());
      const message = `the function '${node.name}' does not exist${near === undefined ? '' : `; did you mean '${near}'?`}`;
      if (this.#bindings.lateNames) return this.#any('unknown', literal(message));
      return this.#fail('OPSBRO_EXPRESSION_UNKNOWN_FUNCTION', message, node);
    }
    const bound = bindArguments(node, known.signature);
    const args = bound.map((argument) =>
      'node' in argument ? this.emit(argument.node).code : this.#any('val', literal(argument.value)).code,
    );
    if (known.runs === 'job') this.#bindings.needs(known.name, constantArguments(bound));
    return this.#any(known.runs === 'guest' ? 'call' : 'host', literal(known.name), `[${args.join(',')}]`);
  }

  #comprehension(node: Node & { kind: 'comprehension' }): Code {
    const names = new Map<string, string>();
    let head = '';
    let tail = '';
    const each = this.operation('each');
    // The first iterable is evaluated outside the names that the comprehension binds.
    for (const [index, clause] of node.clauses.entries()) {
      if ('if' in clause) {
        head += `if(${this.operation('cond')}(${this.emit(clause.if).code})){`;
      } else {
        const iterable = this.emit(clause.in).code;
        if (index === 0) this.#locals.push(names);
        this.#names += 1;
        head += `for(const e${this.#names} of ${each}(${iterable})){${this.#assign(clause.for, `e${this.#names}`, names)}`;
      }
      tail += '}';
    }
    const element = this.emit(node.element).code;
    const value = node.value === null ? null : this.emit(node.value).code;
    this.#locals.pop();
    const list = `(o=>{${head}o.push(${value === null ? element : `[${element},${value}]`})${tail}return o})([])`;
    return node.result === 'list' ? { code: list, type: 'any' } : this.#any(node.result, list);
  }

  #assign(target: Target, from: string, names: Map<string, string>): string {
    if (typeof target === 'string') {
      names.set(target, from);
      return '';
    }
    this.#names += 1;
    const items = `u${this.#names}`;
    const parts = target.map((one, index) => {
      this.#names += 1;
      const name = `e${this.#names}`;
      return `const ${name}=${items}[${index}];${this.#assign(one, name, names)}`;
    });
    return `const ${items}=${this.operation('unpack')}(${from},${target.length});${parts.join('')}`;
  }
}
