import { adviceAt, statementAdvice } from '../advice.ts';
import type { At, Clause, CompareOperator, Node, Target } from './ast.ts';
import { type LiteralReader, Literals } from './literals.ts';
import { CompileError, hole } from './placeholders.ts';
import { children, parser, type SyntaxNode } from './python.ts';

const MAX_DEPTH = 100;

/** Reads one expression whose placeholders `scan` took out. Throws `CompileError`. */
export function parse(text: string): Node {
  const start = text.length - text.trimStart().length;
  const top = parser.parse(text.trimStart()).topNode;
  const reader = new Reader(text.trimStart(), start);
  if (text.trim() === '') return reader.fail('SYNTAX', 'the expression is empty', 0);
  return reader.whole(top);
}

/** Turns the grammar's tree into ours. */
class Reader implements LiteralReader {
  readonly text: string;
  readonly shift: number;
  readonly #literals = new Literals(this);
  #depth = 0;

  constructor(text: string, shift: number) {
    this.text = text;
    this.shift = shift;
  }

  fail(what: 'SYNTAX' | 'UNSUPPORTED' | 'LIMIT' | 'UNKNOWN_NAME', message: string, at: number): never {
    throw new CompileError(`OPSBRO_EXPRESSION_${what}`, message, at + this.shift);
  }

  whole(top: SyntaxNode): Node {
    const cursor = top.cursor();
    do {
      if (cursor.type.isError) this.#broken(cursor.from);
    } while (cursor.next());
    const statements = children(top);
    const only = statements[0] as SyntaxNode;
    if (statements.length !== 1)
      this.fail(
        'SYNTAX',
        `found a second expression ${this.#near((statements[1] as SyntaxNode).from)}; expected one`,
        (statements[1] as SyntaxNode).from,
      );
    if (only.name !== 'ExpressionStatement')
      this.fail(
        'UNSUPPORTED',
        `found a statement ${this.#near(only.from)}; expected an expression${statementAdvice(this.#source(only))}`,
        only.from,
      );
    const parts = children(only);
    if (parts.length === 1) return this.node(parts[0] as SyntaxNode);
    return { kind: 'tuple', items: this.#list(parts), ...this.at(only) };
  }

  #broken(at: number): never {
    const rest = this.text.slice(at).trim();
    const message =
      rest === '' ? 'the expression ends too early' : `cannot read the expression ${this.#near(at)}`;
    return this.fail('SYNTAX', message + adviceAt(this.text, at), at);
  }

  #near(at: number): string {
    const rest = this.text
      .slice(at, at + 24)
      .replace(hole, '{{…}}')
      .trim();
    return rest === '' ? 'at its end' : `at '${rest}'`;
  }

  at(node: SyntaxNode): At {
    return { from: node.from + this.shift, to: node.to + this.shift };
  }

  #source(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  node(node: SyntaxNode): Node {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH)
      this.fail('LIMIT', `the expression is nested deeper than ${MAX_DEPTH}`, node.from);
    const result = this.#read(node);
    this.#depth -= 1;
    return result;
  }

  #read(node: SyntaxNode): Node {
    const at = this.at(node);
    const parts = children(node);
    const inner = (index: number): Node => this.node(parts[index] as SyntaxNode);
    switch (node.name) {
      case 'None':
        return { kind: 'constant', value: null, ...at };
      case 'Boolean':
        return { kind: 'constant', value: this.#source(node) === 'True', ...at };
      case 'Number':
        return { kind: 'constant', value: this.#number(node), ...at };
      case 'String':
      case 'FormatString':
        return this.#literals.joined([node], at);
      case 'ContinuedString':
        return this.#literals.joined(parts, at);
      case 'VariableName':
        return this.#name(node);
      case 'ParenthesizedExpression':
        return inner(1);
      case 'TupleExpression':
      case 'ArrayExpression':
      case 'SetExpression': {
        const kind =
          node.name === 'TupleExpression' ? 'tuple' : node.name === 'SetExpression' ? 'set' : 'list';
        return { kind, items: this.#list(parts.slice(1, -1)), ...at };
      }
      case 'DictionaryExpression':
        return { kind: 'dict', pairs: this.#pairs(parts.slice(1, -1)), ...at };
      case 'ConditionalExpression':
        return { kind: 'if', yes: inner(0), test: inner(2), otherwise: inner(4), ...at };
      case 'UnaryExpression':
      case 'BinaryExpression':
        return this.#operation(node, parts);
      case 'CallExpression':
        return this.#call(node, parts);
      case 'MemberExpression':
        return this.#member(node, parts);
      case 'ArrayComprehensionExpression':
      case 'ComprehensionExpression':
      case 'SetComprehensionExpression':
      case 'DictionaryComprehensionExpression':
        return this.#comprehension(parts.slice(1, -1), node.name, at);
      default:
        return this.fail(
          'UNSUPPORTED',
          `${described[node.name] ?? node.name} cannot be used ${this.#near(node.from)}`,
          node.from,
        );
    }
  }

  #name(node: SyntaxNode): Node {
    const name = this.#source(node);
    const found = [...name.matchAll(hole)];
    if (found.length === 0) return { kind: 'name', name, ...this.at(node) };
    if (found[0]?.[0] !== name)
      this.fail('SYNTAX', 'a placeholder must stand by itself outside a text', node.from);
    return { kind: 'placeholder', index: Number(found[0]?.[1]), ...this.at(node) };
  }

  #number(node: SyntaxNode): number | bigint {
    const text = this.#source(node).replaceAll('_', '');
    if (/j$/i.test(text)) this.fail('UNSUPPORTED', 'complex numbers do not exist here', node.from);
    if (/^0[xob]/i.test(text) || /^\d+$/.test(text)) {
      const small = Number(text);
      if (/^0\d*[1-9]/.test(text)) this.fail('SYNTAX', `the number ${text} has leading zeros`, node.from);
      return Number.isSafeInteger(small) ? small : BigInt(text);
    }
    return Number(text);
  }

  /** Elements between commas. */
  #list(parts: SyntaxNode[]): Node[] {
    return parts
      .filter((part) => part.name !== ',')
      .map((part) => {
        if (part.name === '*') this.fail('UNSUPPORTED', 'unpacking with * cannot be used', part.from);
        return this.node(part);
      });
  }

  #pairs(parts: SyntaxNode[]): [Node, Node][] {
    const kept = parts.filter((part) => part.name !== ',' && part.name !== ':');
    const star = kept.find((part) => part.name === '**');
    if (star !== undefined) this.fail('UNSUPPORTED', 'unpacking with ** cannot be used', star.from);
    return kept.flatMap((part, index) =>
      index % 2 === 0 ? [[this.node(part), this.node(kept[index + 1] as SyntaxNode)] as [Node, Node]] : [],
    );
  }

  /** `not`, `and`, `or` and comparisons are read again from their sequence: the grammar binds `not a and b` as `not (a and b)`. */
  #operation(node: SyntaxNode, parts: SyntaxNode[]): Node {
    if (!isTest(node, parts)) {
      if (node.name === 'UnaryExpression') {
        return {
          kind: 'unary',
          operator: this.#source(parts[0] as SyntaxNode) as '-',
          operand: this.node(parts[1] as SyntaxNode),
          ...this.at(node),
        };
      }
      const operator = this.#source(parts[1] as SyntaxNode);
      if (operator === '@')
        this.fail('UNSUPPORTED', "the operator '@' cannot be used", (parts[1] as SyntaxNode).from);
      return {
        kind: 'binary',
        operator,
        left: this.node(parts[0] as SyntaxNode),
        right: this.node(parts[2] as SyntaxNode),
        ...this.at(node),
      };
    }
    const sequence: (string | Node)[] = [];
    this.#spread(node, sequence);
    let next = 0;
    const span = (first: Node, last: Node): At => ({ from: first.from, to: last.to });
    const comparison = (): Node => {
      const first = sequence[next++] as Node;
      const rest: [CompareOperator, Node][] = [];
      while (typeof sequence[next] === 'string' && !/^(and|or|not)$/.test(sequence[next] as string)) {
        const operator = sequence[next] as CompareOperator;
        rest.push([operator, sequence[next + 1] as Node]);
        next += 2;
      }
      return rest.length === 0
        ? first
        : { kind: 'compare', first, rest, ...span(first, (rest.at(-1) as [string, Node])[1]) };
    };
    const negation = (): Node => {
      if (sequence[next] !== 'not') return comparison();
      next += 1;
      const operand = negation();
      return { kind: 'unary', operator: 'not', operand, from: operand.from, to: operand.to };
    };
    const joined = (kind: 'and' | 'or', operand: () => Node): Node => {
      const operands = [operand()];
      while (sequence[next] === kind) {
        next += 1;
        operands.push(operand());
      }
      return operands.length === 1
        ? (operands[0] as Node)
        : { kind, operands, ...span(operands[0] as Node, operands.at(-1) as Node) };
    };
    return joined('or', () => joined('and', negation));
  }

  /** Operands and operators of nested tests, in order of the text. */
  #spread(node: SyntaxNode, sequence: (string | Node)[]): void {
    const parts = children(node);
    if (!isTest(node, parts)) {
      sequence.push(this.node(node));
      return;
    }
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH * 10) this.fail('LIMIT', 'the expression has too many operands', node.from);
    const last = parts.length - 1;
    if (node.name === 'UnaryExpression') sequence.push('not');
    else {
      this.#spread(parts[0] as SyntaxNode, sequence);
      const operator = parts
        .slice(1, last)
        .map((part) => this.#source(part))
        .join(' ');
      sequence.push(operator === '<>' ? '!=' : operator);
    }
    this.#spread(parts[last] as SyntaxNode, sequence);
    this.#depth -= 1;
  }

  #call(node: SyntaxNode, parts: SyntaxNode[]): Node {
    const [callee, list] = parts as [SyntaxNode, SyntaxNode];
    const { args, named } = this.#arguments(list);
    if (callee.name === 'VariableName')
      return { kind: 'call', name: this.#source(callee), args, named, ...this.at(node) };
    const steps = children(callee);
    if (callee.name !== 'MemberExpression' || steps[1]?.name !== '.') {
      return this.fail(
        'UNSUPPORTED',
        `only functions and methods can be called ${this.#near(node.from)}`,
        node.from,
      );
    }
    const name = this.#source(steps[2] as SyntaxNode);
    return {
      kind: 'method',
      target: this.node(steps[0] as SyntaxNode),
      name,
      args,
      named,
      ...this.at(node),
    };
  }

  #arguments(list: SyntaxNode): { args: Node[]; named: [string, Node][] } {
    const args: Node[] = [];
    const named: [string, Node][] = [];
    const parts = children(list).slice(1, -1);
    if (parts.some((part) => part.name === 'for'))
      return { args: [this.#comprehension(parts, 'ComprehensionExpression', this.at(list))], named };
    for (let index = 0; index < parts.length; index += 1) {
      const part = parts[index] as SyntaxNode;
      if (part.name === ',') continue;
      if (part.name === '*' || part.name === '**')
        this.fail('UNSUPPORTED', `unpacking with ${part.name} cannot be used`, part.from);
      if (parts[index + 1]?.name === 'AssignOp') {
        named.push([this.#source(part), this.node(parts[index + 2] as SyntaxNode)]);
        index += 2;
      } else args.push(this.node(part));
    }
    return { args, named };
  }

  #member(node: SyntaxNode, parts: SyntaxNode[]): Node {
    const target = parts[0] as SyntaxNode;
    if (parts[1]?.name === '.') {
      const root = this.#source(node).split('.', 1)[0] as string;
      const braces = /^(collector|parameters|configuration|variables)$/.test(root);
      return this.fail(
        'UNSUPPORTED',
        braces
          ? `${this.#source(node)} needs braces: write {{${this.#source(node)}}}`
          : `attributes cannot be read (found '.${this.#source(parts[2] as SyntaxNode)}'); methods must be called, keys are read with ['…']`,
        node.from,
      );
    }
    const steps = parts.slice(2, -1);
    if (steps.some((step) => step.name === ',')) {
      return {
        kind: 'item',
        target: this.node(target),
        index: { kind: 'tuple', items: this.#list(steps), ...this.at(node) },
        ...this.at(node),
      };
    }
    if (!steps.some((step) => step.name === ':')) {
      return {
        kind: 'item',
        target: this.node(target),
        index: this.node(steps[0] as SyntaxNode),
        ...this.at(node),
      };
    }
    const bounds: [Node | null, Node | null, Node | null] = [null, null, null];
    let place = 0;
    for (const step of steps) {
      if (step.name === ':') place += 1;
      else bounds[place] = this.node(step);
    }
    return { kind: 'slice', target: this.node(target), bounds, ...this.at(node) };
  }

  #comprehension(parts: SyntaxNode[], name: string, at: At): Node {
    const isDict = name === 'DictionaryComprehensionExpression';
    const clauses: Clause[] = [];
    let index = parts.findIndex((part) => part.name === 'for' || part.name === 'async');
    const element = this.node(parts[0] as SyntaxNode);
    const value = isDict ? this.node(parts[2] as SyntaxNode) : null;
    while (index < parts.length) {
      const word = parts[index] as SyntaxNode;
      if (word.name === 'async') this.fail('UNSUPPORTED', 'async cannot be used', word.from);
      if (word.name === 'if') {
        clauses.push({ if: this.node(parts[index + 1] as SyntaxNode) });
        index += 2;
        continue;
      }
      const at = parts.findIndex((part, where) => where > index && part.name === 'in');
      const targets = parts.slice(index + 1, at).filter((part) => part.name !== ',');
      const target =
        targets.length > 1 ? targets.map((one) => this.#target(one)) : this.#target(targets[0] as SyntaxNode);
      clauses.push({ for: target, in: this.node(parts[at + 1] as SyntaxNode) });
      index = at + 2;
    }
    const result = isDict ? 'dict' : name === 'SetComprehensionExpression' ? 'set' : 'list';
    return { kind: 'comprehension', result, element, value, clauses, ...at };
  }

  #target(node: SyntaxNode): Target {
    if (node.name === 'VariableName') return this.#source(node);
    if (node.name !== 'TupleExpression') this.fail('UNSUPPORTED', 'a comprehension binds names', node.from);
    return children(node)
      .slice(1, -1)
      .filter((part) => part.name !== ',')
      .map((part) => this.#target(part));
  }
}

const described: { [name: string]: string } = {
  LambdaExpression: 'lambda',
  AwaitExpression: 'await',
  YieldExpression: 'yield',
  NamedExpression: "':='",
  Ellipsis: "'...'",
};

function isTest(node: SyntaxNode, parts: SyntaxNode[]): boolean {
  if (node.name === 'UnaryExpression') return parts[0]?.name === 'not';
  return (
    node.name === 'BinaryExpression' && /^(and|or|CompareOp|in|not|is)$/.test((parts[1] as SyntaxNode).name)
  );
}
