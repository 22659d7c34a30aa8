import type { Json } from 'opsbro/sdk';
import { keysOf, resolve } from '../engine/reference.ts';
import { nearest } from '../nearest.ts';
import type { ExpressionFinding, Program, Reference, Scope } from '../program.ts';
import type { Node } from './ast.ts';
import { type Code, literal } from './emit.ts';
import { CompileError, type Placeholder, type Scanned, scan } from './placeholders.ts';
import { parse } from './syntax.ts';

/** Whose expressions are compiled, and what they may refer to. */
export interface Subject {
  id: string;
  kind: Program['kind'];
  language: Program['language'];
  scope: Scope;
  variables: Record<string, string>;
}

/** What the binder needs from the compiler around it. */
export interface Workshop {
  operation(name: string): string;
  warn(finding: Omit<ExpressionFinding, 'severity'>): void;
  /** Compiles a variable; gives its function's body. */
  variable(name: string, source: string): string;
}

/**
 * Binds the placeholders of one object's expressions: parameters and configuration as constants, collectors as references,
 * variables as functions that run once an evaluation. In the program, `c0` … are constants, `r0` … slots, `a0` … the values in
 * them, `X1` … variables, `x1` … what they gave.
 */
export class Binder {
  readonly #subject: Subject;
  readonly #workshop: Workshop;
  readonly #constants = new Map<string, { slot: number; value: Json }>();
  readonly #references = new Map<string, { slot: number; reference: Reference }>();
  /** Variables in use; null while one is being compiled. */
  readonly #variables = new Map<string, { slot: number; body: string } | null>();
  #isNumeric = false;
  #isInVariable = false;

  constructor(subject: Subject, workshop: Workshop) {
    this.#subject = subject;
    this.#workshop = workshop;
  }

  get constants(): Json[] {
    return [...this.#constants.values()].map(({ value }) => value);
  }

  get references(): Reference[] {
    return [...this.#references.values()].map(({ reference }) => reference);
  }

  /** Names that hold what the variables gave. */
  get memory(): string[] {
    return this.#used().map(({ slot }) => `x${slot}`);
  }

  /** The declaration of everything that stays the same between evaluations. */
  get fixed(): string {
    const names = [
      ...Array.from(this.#constants.values(), ({ slot }) => `c${slot}=C[${slot}]`),
      ...Array.from(this.#references.values(), ({ slot }) => `r${slot}=R[${slot}]`),
      ...this.#used().map(({ slot, body }) => `X${slot}=()=>${body}`),
    ];
    return names.length === 0 ? '' : `const ${names.join(',')};`;
  }

  /** The declaration of the references' values. */
  get read(): string {
    const names = Array.from(this.#references.values(), ({ slot }) => `a${slot}=V[r${slot}]`);
    return names.length === 0 ? '' : `const ${names.join(',')};`;
  }

  /** The test that all references are numbers. */
  get areNumbers(): string {
    return Array.from(this.#references.values(), ({ slot }) => `typeof a${slot}==="number"`).join('&&');
  }

  /** Writes code for references that are all numbers. */
  assumingNumbers(write: () => string): string {
    this.#isNumeric = true;
    const code = write();
    this.#isNumeric = false;
    return code;
  }

  /** Compiles the variables that no expression used, for their faults. */
  rest(): void {
    for (const [name, source] of Object.entries(this.#subject.variables)) {
      if (!this.#variables.has(name)) this.#compileVariable(name, String(source));
    }
  }

  placeholder(field: string, scanned: Scanned, index: number): Code {
    const placeholder = scanned.placeholders[index] as Placeholder;
    const code = this.#read(field, placeholder);
    const { fallback, kind } = placeholder;
    if (fallback === undefined || (kind === 'collector' && code.type === 'number')) return code;
    const value = defaultValue(fallback);
    const otherwise = this.constant(`default ${JSON.stringify(value)}`, value).code;
    return { code: `${this.#workshop.operation('or')}(${code.code},()=>${otherwise})`, type: 'any' };
  }

  /** Code of a value that is bound at load; equal keys share it. */
  constant(key: string, value: Json): Code {
    const known = this.#constants.get(key) ?? { slot: this.#constants.size, value };
    this.#constants.set(key, known);
    const types = { number: 'number', string: 'text', boolean: 'condition' } as const;
    const type = types[typeof value as keyof typeof types] ?? 'any';
    return { code: `c${known.slot}`, type };
  }

  /** Code that reads a collector's whole tree. */
  collector(name: string): string {
    return this.#value(this.#slot(name.toLowerCase(), []));
  }

  #used(): { slot: number; body: string }[] {
    return [...this.#variables.values()].filter((one) => one !== null);
  }

  #read(field: string, placeholder: Placeholder): Code {
    const { kind, text, paths, from: offset } = placeholder;
    if (kind === 'collector') return this.#reference(field, placeholder);
    if (kind === 'variables') return this.#variable(placeholder);
    const tree = this.#subject.scope[kind];
    for (const path of paths) {
      const value = resolve(tree, path);
      if (value !== undefined) return this.constant(`${kind}.${path.join('.')}`, value);
    }
    if (placeholder.fallback === undefined) {
      const near = nearest((paths[0] as string[]).join('.'), keysOf(tree));
      const message = `'${text}' does not exist${meant(near === undefined ? near : `${kind}.${near}`)}`;
      this.#workshop.warn({ code: 'OPSBRO_CONFIG_UNKNOWN_PARAMETER', message, field, offset });
    }
    return { code: `${this.#workshop.operation('gone')}(${literal(text)})`, type: 'any' };
  }

  #reference(field: string, { paths, text, from: offset }: Placeholder): Code {
    const [collector = '', ...path] = paths[0] as string[];
    const name = collector.toLowerCase();
    const { collectors } = this.#subject.scope;
    const odd = collectors.has(name) && `'${text}' is read as 'collector.${collector}'; write 'collector'`;
    if (odd === false || text.startsWith('collectors.')) {
      const message = odd || `the collector '${collector}' does not exist${meant(nearest(name, collectors))}`;
      this.#workshop.warn({ code: 'OPSBRO_CONFIG_UNKNOWN_COLLECTOR', message, field, offset });
    }
    const type = this.#isNumeric && !this.#isInVariable ? 'number' : 'any';
    return { code: this.#value(this.#slot(name, path)), type };
  }

  #slot(collector: string, path: string[]): number {
    const text = `collector.${[collector, ...path].join('.')}`;
    const reference = { collector, path, text };
    const known = this.#references.get(text) ?? { slot: this.#references.size, reference };
    this.#references.set(text, known);
    return known.slot;
  }

  /** Functions of variables lie outside the one that reads the references. */
  #value(slot: number): string {
    return this.#isInVariable ? `V[r${slot}]` : `a${slot}`;
  }

  #variable({ paths, from: offset }: Placeholder): Code {
    const name = (paths[0] as string[]).join('.');
    const { variables } = this.#subject;
    if (!Object.hasOwn(variables, name)) {
      const message = `the variable '${name}' does not exist${meant(nearest(name, Object.keys(variables)))}`;
      throw new CompileError('OPSBRO_EXPRESSION_UNKNOWN_NAME', message, offset);
    }
    const known = this.#variables.get(name);
    if (known === null) {
      throw new CompileError('OPSBRO_EXPRESSION_UNSUPPORTED', `the variable '${name}' needs itself`, offset);
    }
    const { slot } = known ?? this.#compileVariable(name, String(variables[name]));
    const strict = this.#workshop.operation('strict');
    const called = this.constant(`variable ${name}`, name).code;
    return { code: `(x${slot}===undefined?x${slot}=${strict}(X${slot},${called}):x${slot})`, type: 'any' };
  }

  #compileVariable(name: string, source: string): { slot: number; body: string } {
    this.#variables.set(name, null);
    const outer = this.#isInVariable;
    this.#isInVariable = true;
    const body = this.#workshop.variable(name, source);
    this.#isInVariable = outer;
    const compiled = { slot: this.#used().length, body };
    this.#variables.set(name, compiled);
    return compiled;
  }
}

const meant = (near: string | undefined): string => (near === undefined ? '' : `; did you mean '${near}'?`);

/** A default: a literal of the language, or else the text itself. */
function defaultValue(text: string): Json {
  try {
    const value = constantOf(parse(scan(text).text));
    return value === undefined ? text : value;
  } catch (thrown) {
    if (thrown instanceof CompileError) return text;
    throw thrown;
  }
}

function constantOf(node: Node): Json | undefined {
  if (node.kind === 'constant') return typeof node.value === 'bigint' ? Number(node.value) : node.value;
  if (node.kind === 'unary' && node.operator === '-') {
    const value = constantOf(node.operand);
    return typeof value === 'number' ? -value : undefined;
  }
  if (node.kind === 'list' || node.kind === 'tuple') {
    const items = node.items.map(constantOf);
    return items.includes(undefined) ? undefined : (items as Json[]);
  }
  if (node.kind !== 'dict') return undefined;
  const pairs = node.pairs.map(([key, value]) => [constantOf(key), constantOf(value)] as const);
  const isPlain = pairs.every(([key, value]) => typeof key === 'string' && value !== undefined);
  return isPlain ? Object.fromEntries(pairs as [string, Json][]) : undefined;
}
