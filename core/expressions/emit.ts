import type { FunctionSignature, Json } from 'opsbro/sdk';
import type { ErrorCode } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { CompileError } from './placeholders.ts';
import type { Scope } from './program.ts';
import type { CompareOperator, Node, Target } from './syntax.ts';

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
  /** Code that names a runtime operation, to be made visible to the program. */
  operation(name: string): string;
  /** Remembers that the program may ask the host for this function. */
  needs(name: string): void;
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
    if (node.kind === 'constant')
      return (
        literal(start + (typeof node.value === 'string' ? node.value : '')) +
        (typeof node.value === 'string' ? '' : `+${this.#op('txt')}(${this.emit(node).code})`)
      );
    if (node.kind === 'binary' && node.operator === '%') {
      const fast = this.#percent(node, start);
      if (fast !== undefined) return fast;
    }
    const { code, type } = this.emit(node);
    const shown = type === 'text' ? code : `${this.#op('txt')}(${code})`;
    return start === '' ? shown : `${literal(start)}+${shown}`;
  }

  #op(name: string): string {
    return this.#bindings.operation(name);
  }

  #fail(code: ErrorCode, message: string, node: Node): never {
    throw new CompileError(code, message, node.from);
  }

  #any(operation: string, ...args: string[]): Code {
    return { code: `${this.#op(operation)}(${args.join(',')})`, type: 'any' };
  }

  #items(nodes: readonly Node[]): string {
    return `[${nodes.map((node) => this.emit(node).code).join(',')}]`;
  }

  #plain(node: Node): Code {
    switch (node.kind) {
      case 'constant':
        return this.#constant(node.value);
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
        return { code: this.#items(node.items), type: 'any' };
      case 'tuple':
      case 'set':
        return this.#any(node.kind, this.#items(node.items));
      case 'dict':
        return this.#any('dict', `[${node.pairs.map((pair) => this.#items(pair)).join(',')}]`);
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
      case 'method': {
        const named = node.named.map(([name, value]) => `[${literal(name)},${this.emit(value).code}]`);
        return this.#any(
          'meth',
          this.emit(node.target).code,
          literal(node.name),
          this.#items(node.args),
          `[${named.join(',')}]`,
        );
      }
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

  #constant(value: null | boolean | number | bigint | string): Code {
    const type =
      typeof value === 'string'
        ? 'text'
        : typeof value === 'number' && Number.isFinite(value)
          ? 'number'
          : typeof value === 'boolean'
            ? 'condition'
            : 'any';
    const code = typeof value === 'number' && !Number.isFinite(value) ? 'Infinity' : literal(value);
    return { code, type };
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
    const near = nearest(name, [
      'True',
      'False',
      'None',
      ...this.#locals.flatMap((scope) => [...scope.keys()]),
    ]);
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
    if (node.operator === '%' && this.#bindings.record === undefined) {
      const fast = this.#percent(node, '');
      if (fast !== undefined) return { code: fast, type: 'any' };
    }
    const { operator } = node;
    const left = this.emit(node.left);
    const right = this.emit(node.right);
    const slow = (a: string, b: string): string =>
      operator in arithmetic
        ? `${this.#op(arithmetic[operator] as string)}(${a},${b})`
        : operator === '%'
          ? `${this.#op('mod')}(${a},${b})`
          : `${this.#op('bin')}(${literal(operator)},${a},${b})`;
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

  /** `'…%s…' % value` with plain conversions as a concatenation; undefined when it needs the general way. */
  #percent(node: Node & { kind: 'binary' }, start: string): string | undefined {
    if (
      node.left.kind !== 'constant' ||
      typeof node.left.value !== 'string' ||
      this.#bindings.record !== undefined
    )
      return undefined;
    const pieces = node.left.value.split(/(%.?)/s);
    const values = node.right.kind === 'tuple' ? node.right.items : [node.right];
    const conversions = pieces.filter((_, index) => index % 2 === 1);
    if (
      conversions.some((one) => one !== '%s' && one !== '%%') ||
      conversions.filter((one) => one === '%s').length !== values.length
    )
      return undefined;
    const operands = values.map((value) => {
      const code = this.emit(value);
      const ref = this.temporary();
      const check =
        code.type === 'number' || code.type === 'real' || code.type === 'text'
          ? ''
          : `(typeof ${ref}==="number"||typeof ${ref}==="string")`;
      return { set: `${ref}=${code.code}`, ref, check };
    });
    let next = 0;
    const parts = [literal(start)];
    for (const [index, piece] of pieces.entries()) {
      const previous = parts.at(-1) as string;
      const constant = index % 2 === 0 ? piece : piece === '%%' ? '%' : undefined;
      if (constant === undefined) {
        parts.push(`${this.#op('s')}(${(operands[next] as { ref: string }).ref})`);
        next += 1;
      } else if (previous.startsWith('"'))
        parts[parts.length - 1] = literal((JSON.parse(previous) as string) + constant);
      else parts.push(literal(constant));
    }
    const kept = parts.filter((part, index) => part !== '""' || index === 0).join('+');
    const all = operands.map(({ ref }) => ref).join(',');
    const value = node.right.kind === 'tuple' ? `${this.#op('tuple')}([${all}])` : all;
    const general = `${this.#op('mod')}(${literal(node.left.value)},${value})`;
    const slow = start === '' ? general : `${literal(start)}+${this.#op('txt')}(${general})`;
    const checks = operands.map(({ check }) => check).filter((check) => check !== '');
    const sets = operands.map(({ set }) => set).join(',');
    return checks.length === 0 ? `(${sets},${kept})` : `(${sets},${checks.join('&&')}?${kept}:${slow})`;
  }

  #unary(node: Node & { kind: 'unary' }): Code {
    const { code, type } = this.emit(node.operand);
    if (node.operator === 'not') return { code: `${this.#op('not')}(${code})`, type: 'condition' };
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
        const test = codes[index]?.type === 'condition' ? held : `${this.#op('truth')}(${held})`;
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
    if (operator === 'in') return `${this.#op('has')}(${left.code},${right.code})`;
    if (operator === 'not in') return `${this.#op('hasnt')}(${left.code},${right.code})`;
    if (operator === 'is') return `${this.#op('same')}(${left.code},${right.code})`;
    if (operator === 'is not') return `!${this.#op('same')}(${left.code},${right.code})`;
    const slow = this.#op(comparisons[operator] as string);
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
    const test = `${this.#op('truth')}(${this.emit(node.test).code})`;
    const code = `((${held}=${test})===true?${this.emit(node.yes).code}:${held}===false?${this.emit(node.otherwise).code}:${held})`;
    return { code, type: 'any' };
  }

  #call(node: Node & { kind: 'call' }): Code {
    const { functions } = this.#bindings.scope;
    const known = functions.get(node.name);
    if (known === undefined) {
      const near = nearest(node.name, functions.keys());
      const message = `the function '${node.name}' does not exist${near === undefined ? '' : `; did you mean '${near}'?`}`;
      if (this.#bindings.lateNames) return this.#any('unknown', literal(message));
      return this.#fail('OPSBRO_EXPRESSION_UNKNOWN_FUNCTION', message, node);
    }
    const args = this.#bind(node, known.signature);
    if (known.runs === 'job') this.#bindings.needs(known.name);
    return this.#any(known.runs === 'guest' ? 'call' : 'host', literal(known.name), `[${args.join(',')}]`);
  }

  /** Arguments in the order of the signature, defaults filled in. */
  #bind(node: Node & { kind: 'call' }, signature: FunctionSignature): string[] {
    const { parameters } = signature;
    const shown = `${node.name}(${parameters.map(({ name, rest }) => (rest === true ? `*${name}` : name)).join(', ')})`;
    const variadic = parameters.at(-1)?.rest === true;
    const positional = variadic ? parameters.length - 1 : parameters.length;
    if (!variadic && node.args.length > positional) {
      this.#fail(
        'OPSBRO_EXPRESSION_TYPE',
        `${shown} takes at most ${positional} arguments, found ${node.args.length}`,
        node,
      );
    }
    const named = new Map(node.named);
    const args = parameters.slice(0, positional).map((parameter, index) => {
      const given = node.args[index] ?? named.get(parameter.name);
      if (node.args[index] !== undefined && named.has(parameter.name))
        this.#fail('OPSBRO_EXPRESSION_TYPE', `${shown} got '${parameter.name}' twice`, node);
      named.delete(parameter.name);
      if (given !== undefined) return this.emit(given).code;
      if (parameter.default === undefined)
        return this.#fail('OPSBRO_EXPRESSION_TYPE', `${shown} lacks its argument '${parameter.name}'`, node);
      return this.#any('val', literal(parameter.default)).code;
    });
    for (const [name] of named) {
      const near = nearest(
        name,
        parameters.map((parameter) => parameter.name),
      );
      this.#fail(
        'OPSBRO_EXPRESSION_TYPE',
        `${shown} has no parameter '${name}'${near === undefined ? '' : `; did you mean '${near}'?`}`,
        node,
      );
    }
    return [...args, ...node.args.slice(positional).map((arg) => this.emit(arg).code)];
  }

  #comprehension(node: Node & { kind: 'comprehension' }): Code {
    const names = new Map<string, string>();
    let head = '';
    let tail = '';
    const each = this.#op('each');
    // The first iterable is evaluated outside the names that the comprehension binds.
    for (const [index, clause] of node.clauses.entries()) {
      if ('if' in clause) {
        head += `if(${this.#op('cond')}(${this.emit(clause.if).code})){`;
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
    return `const ${items}=${this.#op('unpack')}(${from},${target.length});${parts.join('')}`;
  }
}
