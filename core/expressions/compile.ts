import type { Json, JsonObject } from 'opsbro/sdk';
import { nearest } from '../nearest.ts';
import { type Code, Emitter, literal } from './emit.ts';
import { CompileError, type Placeholder, type Scanned, scan } from './placeholders.ts';
import type { Compiled, ExpressionFinding, Program, Reference, Scope } from './program.ts';
import { resolve } from './reference.ts';
import { type Node, parse } from './syntax.ts';

type Language = Program['language'];

/** A check's expressions, as its keys name them. */
export interface CheckFields {
  variables?: Record<string, string>;
  critical_if?: string;
  warning_if?: string;
  ok_output?: string;
  critical_output?: string;
  warning_output?: string;
}

const MAX_SOURCE = 16_384;
const MAX_SPECIALISED = 4;

/** Compiles a check. Every fault of every field is among the findings; there is a program when none is an error. */
export function compileCheck(id: string, fields: CheckFields, scope: Scope, _language: Language): Compiled {
  const compiler = new Compiler(id, 'check', scope, fields.variables ?? {});
  return compiler.finish(() => {
    let body = '';
    for (const { stage, condition, output, state } of levels) {
      const test = fields[condition];
      if (test === undefined || test.trim() === '') {
        compiler.output(output, fields[output], state);
        continue;
      }
      const held = compiler.field(condition, test, (emitter, node) => {
        const name = emitter.temporary();
        const cond = compiler.operation('cond');
        return `${name}=${emitter.emit(node).code};if(${name}===true||${name}!==false&&${cond}(${name}))`;
      });
      const text = compiler.output(output, fields[output], state);
      body += `${stage === 0 ? '' : `S=${stage};`}${held}{S=${stage + 1};return ${text}}`;
    }
    return `${body}S=5;return ${compiler.output('ok_output', fields.ok_output, '0')};`;
  });
}

const levels = [
  { stage: 0, condition: 'critical_if', output: 'critical_output', state: '2' },
  { stage: 2, condition: 'warning_if', output: 'warning_output', state: '1' },
] as const;

/** Compiles a detector: its condition and the groups it adds, each an expression-like text with placeholders. */
export function compileDetector(
  id: string,
  fields: { apply_if: string; add_groups: string[] },
  scope: Scope,
  _language: Language,
): Compiled {
  const compiler = new Compiler(id, 'detector', scope, {});
  const { apply_if, add_groups } = fields;
  return compiler.finish(() => {
    const cond = compiler.operation('cond');
    const test = compiler.field(
      'apply_if',
      apply_if,
      (emitter, node) => `if(!${cond}(${emitter.emit(node).code}))`,
    );
    const groups = add_groups.map((text, index) => compiler.template(`add_groups[${index}]`, text));
    const none = `return'g{"matched":false,"groups":[]}';`;
    return `${test}${none}return ${compiler.operation('groups')}([${groups.join(',')}])`;
  });
}

/**
 * Compiles one expression on its own, as `evaluator eval` and dashboards do. A function that does not exist fails only when
 * reached. `tree` holds every node's kind and source; `ExpressionEngine.explain` fills in the values.
 */
export function compileValue(
  id: string,
  text: string,
  scope: Scope,
  _language: Language,
): Compiled & { tree: Json } {
  const compiler = new Compiler(id, 'value', scope, {}, text);
  const compiled = compiler.finish(() => {
    const code = compiler.field('expression', text, (emitter, node) => emitter.emit(node).code);
    return `return ${compiler.operation('value')}(${code})`;
  });
  const tree = compiler.tree as unknown as Json;
  if (compiled.program !== undefined) compiled.program.tree = tree;
  return { ...compiled, tree };
}

interface Branch {
  node: string;
  source: string;
  id: number;
  children: Branch[];
}

/** Collects what the expressions of one object share: constants, references, variables, findings. */
class Compiler {
  readonly #id: string;
  readonly #kind: Program['kind'];
  readonly #scope: Scope;
  readonly #variables: Record<string, string>;
  readonly #constants = new Map<string, { slot: number; value: Json }>();
  readonly #references = new Map<string, { slot: number; reference: Reference }>();
  readonly #functions = new Set<string>();
  readonly #operations = new Set<string>();
  readonly #findings: ExpressionFinding[] = [];
  /** Variables in use, with the code of their functions; null while one is being compiled. */
  readonly #compiled = new Map<string, { slot: number; code: string } | null>();
  readonly #instrumented: string | undefined;
  readonly #open: Branch[] = [];
  #nodes = 0;
  #isNumeric = false;
  #inVariable = false;
  tree: Branch | null = null;

  constructor(
    id: string,
    kind: Program['kind'],
    scope: Scope,
    variables: Record<string, string>,
    instrumented?: string,
  ) {
    this.#id = id;
    this.#kind = kind;
    this.#scope = scope;
    this.#variables = variables;
    this.#instrumented = instrumented;
  }

  operation(name: string): string {
    this.#operations.add(name);
    return name;
  }

  /** Compiles one field into a function body's part; a fault becomes a finding and the code is empty. */
  field(field: string, source: string, write: (emitter: Emitter, node: Node) => string): string {
    return this.#guard(field, () => {
      if (source.length > MAX_SOURCE)
        throw new CompileError(
          'OPSBRO_EXPRESSION_LIMIT',
          `an expression of ${source.length} characters is over the limit of ${MAX_SOURCE}`,
          0,
        );
      const scanned = scan(source);
      return this.#unit(field, scanned, (emitter) => write(emitter, parse(scanned.text)));
    });
  }

  /** An output text: the state's digit, then what the expression prints. */
  output(field: string, source: string | undefined, state: string): string {
    if (source === undefined || source.trim() === '') return literal(state);
    return this.field(field, source, (emitter, node) => emitter.text(node, state));
  }

  /** A text that is no expression, with placeholders in it. */
  template(field: string, source: string): string {
    return this.#guard(field, () => {
      const scanned = scan(source);
      const parts = scanned.text.split(/\ue000(\d+)\ue001*/);
      return this.#unit(field, scanned, () => {
        const codes = parts
          .map((part, index) =>
            index % 2 === 0 ? literal(part) : this.#placeholder(field, scanned, Number(part)).code,
          )
          .filter((code) => code !== '""');
        return codes.length === 1 ? (codes[0] as string) : `${this.operation('cat')}([${codes.join(',')}])`;
      });
    });
  }

  #guard(field: string, compile: () => string): string {
    try {
      return compile();
    } catch (thrown) {
      if (!(thrown instanceof CompileError)) throw thrown;
      this.#findings.push({
        severity: 'error',
        code: thrown.code,
        message: thrown.message,
        field,
        offset: thrown.offset,
      });
      return 'null';
    }
  }

  /** Temporaries of all main fields are shared by number: fields never run inside each other. */
  #unit(field: string, scanned: Scanned, write: (emitter: Emitter) => string): string {
    const emitter = new Emitter({
      scope: this.#scope,
      lateNames: this.#kind === 'value',
      placeholder: (index) => this.#placeholder(field, scanned, index),
      operation: (name) => this.operation(name),
      needs: (name) => this.#functions.add(name),
      ...(this.#instrumented === undefined || field !== 'expression'
        ? {}
        : { record: (node, emit) => this.#record(node, emit) }),
    });
    const code = write(emitter);
    this.#temporaries = Math.max(this.#temporaries, emitter.temporaries);
    return code;
  }

  #temporaries = 0;

  #record(node: Node, emit: () => Code): Code {
    const source = (this.#instrumented as string).slice(node.from, node.to);
    const branch: Branch = { node: node.kind, source, id: this.#nodes, children: [] };
    this.#nodes += 1;
    (this.#open.at(-1)?.children ?? []).push(branch);
    this.tree ??= branch;
    this.#open.push(branch);
    const { code } = emit();
    this.#open.pop();
    return { code: `${this.operation('trace')}(${branch.id},${code})`, type: 'any' };
  }

  #placeholder(field: string, scanned: Scanned, index: number): Code {
    const placeholder = scanned.placeholders[index] as Placeholder;
    const code = this.#read(field, placeholder);
    if (placeholder.fallback === undefined || (code.type === 'number' && placeholder.kind === 'collector'))
      return code;
    const fallback = defaultValue(placeholder.fallback);
    return {
      code: `${this.operation('or')}(${code.code},()=>${this.#constant(`default ${JSON.stringify(fallback)}`, fallback).code})`,
      type: 'any',
    };
  }

  #read(field: string, placeholder: Placeholder): Code {
    const { kind, text, paths } = placeholder;
    if (kind === 'collector') return this.#reference(field, placeholder);
    if (kind === 'variables') return this.#variable(field, placeholder);
    const tree = this.#scope[kind];
    for (const path of paths) {
      const value = resolve(tree, path);
      if (value !== undefined) return this.#constant(`${kind}.${path.join('.')}`, value);
    }
    if (placeholder.fallback === undefined) {
      const near = nearest((paths[0] as string[]).join('.'), keysOf(tree));
      const hint = near === undefined ? '' : `; did you mean '${kind}.${near}'?`;
      this.#warn('OPSBRO_CONFIG_UNKNOWN_PARAMETER', `'${text}' does not exist${hint}`, field, placeholder);
    }
    return { code: `${this.operation('gone')}(${literal(text)})`, type: 'any' };
  }

  #constant(key: string, value: Json): Code {
    const known = this.#constants.get(key) ?? { slot: this.#constants.size, value };
    this.#constants.set(key, known);
    const type =
      typeof value === 'number'
        ? 'number'
        : typeof value === 'string'
          ? 'text'
          : typeof value === 'boolean'
            ? 'condition'
            : 'any';
    return { code: `c${known.slot}`, type };
  }

  #reference(field: string, placeholder: Placeholder): Code {
    const [collector = '', ...path] = placeholder.paths[0] as string[];
    const name = collector.toLowerCase();
    if (!this.#scope.collectors.has(name)) {
      const near = nearest(name, this.#scope.collectors);
      this.#warn(
        'OPSBRO_CONFIG_UNKNOWN_COLLECTOR',
        `the collector '${collector}' does not exist${near === undefined ? '' : `; did you mean '${near}'?`}`,
        field,
        placeholder,
      );
    }
    const text = `collector.${[name, ...path].join('.')}`;
    const known = this.#references.get(text) ?? {
      slot: this.#references.size,
      reference: { collector: name, path, text },
    };
    this.#references.set(text, known);
    if (this.#inVariable) return { code: `V[r${known.slot}]`, type: 'any' };
    return { code: `a${known.slot}`, type: this.#isNumeric ? 'number' : 'any' };
  }

  #variable(_field: string, placeholder: Placeholder): Code {
    const name = (placeholder.paths[0] as string[]).join('.');
    const source = Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined;
    if (source === undefined) {
      const near = nearest(name, Object.keys(this.#variables));
      throw new CompileError(
        'OPSBRO_EXPRESSION_UNKNOWN_NAME',
        `the variable '${name}' does not exist${near === undefined ? '' : `; did you mean '${near}'?`}`,
        placeholder.from,
      );
    }
    let known = this.#compiled.get(name);
    if (known === null)
      throw new CompileError(
        'OPSBRO_EXPRESSION_UNSUPPORTED',
        `the variable '${name}' needs itself`,
        placeholder.from,
      );
    if (known === undefined) {
      this.#compiled.set(name, null);
      const outer = { temporaries: this.#temporaries, inVariable: this.#inVariable };
      this.#temporaries = 0;
      this.#inVariable = true;
      const code = this.field(
        `variables.${name}`,
        String(source),
        (emitter, node) => emitter.emit(node).code,
      );
      known = {
        slot: [...this.#compiled.values()].filter((one) => one !== null).length,
        code: `{${declare(this.#temporaries)}return ${code}}`,
      };
      this.#temporaries = outer.temporaries;
      this.#inVariable = outer.inVariable;
      this.#compiled.set(name, known);
    }
    const { slot } = known;
    return {
      code: `(x${slot}===undefined?x${slot}=${this.operation('strict')}(X${slot}):x${slot})`,
      type: 'any',
    };
  }

  #warn(code: ExpressionFinding['code'], message: string, field: string, placeholder: Placeholder): void {
    this.#findings.push({ severity: 'warning', code, message, field, offset: placeholder.from });
  }

  /**
   * Makes the program. `write` gives the body of its function; where all references are numbers, as most are, a second body
   * without checks of their types runs.
   */
  finish(write: () => string): Compiled {
    const body = write();
    for (const [name, source] of Object.entries(this.#variables)) {
      if (!this.#compiled.has(name))
        this.field(`variables.${name}`, String(source), (emitter, node) => emitter.emit(node).code);
    }
    const findings = [...this.#findings];
    if (findings.some(({ severity }) => severity === 'error')) return { findings };
    const slots = (letter: string, from: string, count: number): string[] =>
      Array.from({ length: count }, (_, slot) => `${letter}${slot}=${from}[${slot}]`);
    const variables = [...this.#compiled.values()].filter((one) => one !== null);
    const fixed = [
      ...slots('c', 'C', this.#constants.size),
      ...slots('r', 'R', this.#references.size),
      ...variables.map(({ slot, code }) => `X${slot}=()=>${code}`),
    ];
    const fast = this.#specialised(write);
    const count = this.#references.size;
    const read =
      count === 0
        ? ''
        : `const ${Array.from({ length: count }, (_, slot) => `a${slot}=V[r${slot}]`).join(',')};`;
    const numbers = Array.from({ length: count }, (_, slot) => `typeof a${slot}==="number"`).join('&&');
    const memory = variables.map(({ slot }) => `x${slot}`);
    const program: Program = {
      id: this.#id,
      kind: this.#kind,
      language: 'opsbro',
      source:
        `const{${[...this.#operations].sort().join(',')}}=py;let S=0;return{stage:()=>S,make:(C,R)=>{` +
        `${fixed.length === 0 ? '' : `const ${fixed.join(',')};`}${memory.length === 0 ? '' : `let ${memory.join(',')};`}` +
        `return()=>{S=0;${memory.map((name) => `${name}=undefined;`).join('')}${read}${declare(this.#temporaries)}` +
        `${fast === '' ? '' : `if(${numbers}){${fast}}`}${body}}}}`,
      constants: [...this.#constants.values()].map(({ value }) => value),
      references: [...this.#references.values()].map(({ reference }) => reference),
      functions: [...this.#functions].sort(),
    };
    return { program, findings };
  }

  /** The body for references that are all numbers; empty where it would not pay. */
  #specialised(write: () => string): string {
    const count = this.#references.size;
    if (this.#kind !== 'check' || count === 0 || count > MAX_SPECIALISED || this.#compiled.size > 0)
      return '';
    this.#isNumeric = true;
    const fast = write();
    this.#isNumeric = false;
    return fast;
  }
}

function declare(temporaries: number): string {
  return temporaries === 0
    ? ''
    : `let ${Array.from({ length: temporaries }, (_, index) => `t${index}`).join(',')};`;
}

function keysOf(tree: JsonObject, prefix = ''): string[] {
  return Object.entries(tree)
    .slice(0, 200)
    .flatMap(([key, value]) => {
      const path = prefix + key;
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? [path, ...keysOf(value, `${path}.`)]
        : [path];
    });
}

/** A default: a Python literal, or else the text itself. */
function defaultValue(text: string): Json {
  try {
    const value = constant(parse(scan(text).text));
    return value === undefined ? text : value;
  } catch (thrown) {
    if (thrown instanceof CompileError) return text;
    throw thrown;
  }
}

function constant(node: Node): Json | undefined {
  if (node.kind === 'constant') return typeof node.value === 'bigint' ? Number(node.value) : node.value;
  if (node.kind === 'unary' && node.operator === '-') {
    const value = constant(node.operand);
    return typeof value === 'number' ? -value : undefined;
  }
  if (node.kind === 'list' || node.kind === 'tuple') {
    const items = node.items.map(constant);
    return items.includes(undefined) ? undefined : (items as Json[]);
  }
  if (node.kind !== 'dict') return undefined;
  const pairs = node.pairs.map(([key, value]) => [constant(key), constant(value)] as const);
  if (pairs.some(([key, value]) => typeof key !== 'string' || value === undefined)) return undefined;
  return Object.fromEntries(pairs as [string, Json][]);
}
