import type { Json } from 'opsbro/sdk';
import type { Compiled, ExpressionFinding, Program } from '../program.ts';
import type { Node } from './ast.ts';
import { Binder, type Subject } from './binder.ts';
import { type Code, Emitter, literal } from './emit.ts';
import { script } from './javascript.ts';
import { CompileError, hole, type Scanned, scan } from './placeholders.ts';
import { parse } from './syntax.ts';

const MAX_SOURCE = 16_384;
const MAX_SPECIALISED = 4;
const MAX_KNOWN = 1_000;
const MAX_CALLS = 64;

/** A node of a compiled expression, for `explain`. */
export interface Branch {
  node: string;
  source: string;
  id: number;
  children: Branch[];
}

/** Writes one field's part of the body: gets the emitter, and how to write the expression: its value, or its text after `start`. */
export type Writer = (emitter: Emitter, expression: (start?: string) => string) => string;

/** Compiles the expressions of one object into one program. Faults become findings, so that all of them are told at once. */
export class ObjectCompiler {
  readonly #subject: Subject;
  readonly #binder: Binder;
  readonly #functions = new Set<string>();
  readonly #calls = new Map<string, { name: string; args: Json[] }>();
  readonly #operations = new Set<string>();
  /** Makers of the functions of JavaScript expressions, `F0` …: outside the program's own names. */
  readonly #scripts: string[] = [];
  readonly #findings: ExpressionFinding[] = [];
  readonly #fields = new Set<string>();
  readonly #open: Branch[] = [];
  #temporaries = 0;
  #nodes = 0;
  /** The expression's nodes, once it is compiled; null but for values. */
  tree: Branch | null = null;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#binder = new Binder(subject, {
      operation: (name) => this.operation(name),
      warn: (finding) => this.#findings.push({ severity: 'warning', ...finding }),
      variable: (name, source) => this.#variable(name, source),
    });
  }

  /** Makes a runtime operation visible to the program; gives its name. */
  operation(name: string): string {
    this.#operations.add(name);
    return name;
  }

  /** Compiles one field into a part of a function's body. */
  field(field: string, source: string, write: Writer): string {
    this.#fields.add(field);
    return this.#guard(field, () => {
      if (source.length > MAX_SOURCE) {
        const message = `an expression of ${source.length} characters is over the limit of ${MAX_SOURCE}`;
        throw new CompileError('OPSBRO_EXPRESSION_LIMIT', message, 0);
      }
      if (this.#subject.language === 'javascript') return this.#script(field, source, write);
      const { scanned, node } = read(source);
      return this.#unit(field, source, scanned, (emitter) =>
        write(emitter, (start) =>
          start === undefined ? emitter.emit(node).code : emitter.text(node, start),
        ),
      );
    });
  }

  /** A text that is no expression, with placeholders in it. */
  template(field: string, source: string): string {
    return this.#guard(field, () => {
      const scanned = scan(source);
      const parts = scanned.text.split(hole);
      return this.#unit(field, source, scanned, () => {
        const codes = parts.map((part, index) =>
          index % 2 === 0 ? literal(part) : this.#binder.placeholder(field, scanned, Number(part)).code,
        );
        const kept = codes.filter((code) => code !== '""');
        return kept.length === 1 ? (kept[0] as string) : `${this.operation('cat')}([${kept.join(',')}])`;
      });
    });
  }

  #script(field: string, source: string, write: Writer): string {
    const scanned = scan(source, 'javascript');
    return this.#unit(field, source, scanned, (emitter) => {
      const code = script(scanned, {
        placeholder: (index) => this.#binder.placeholder(field, scanned, index).code,
        collector: (name) => this.#binder.collector(name),
        tree: (kind) => this.#binder.constant(kind, this.#subject.scope[kind]).code,
        operation: (name) => this.operation(name),
        made: (parameters, body) => {
          this.#scripts.push(
            `const F${this.#scripts.length}=Function(${[...parameters, body].map(literal).join(',')});`,
          );
          return `F${this.#scripts.length - 1}`;
        },
      });
      const held = `${this.operation('val')}(${this.operation('plain')}(${code}))`;
      return write(emitter, (start) =>
        start === undefined ? held : `${literal(start)}+${this.operation('txt')}(${held})`,
      );
    });
  }

  #guard(field: string, compile: () => string): string {
    try {
      return compile();
    } catch (thrown) {
      if (!(thrown instanceof CompileError)) throw thrown;
      const { code, message, offset } = thrown;
      this.#findings.push({ severity: 'error', code, message, field, offset });
      return 'null';
    }
  }

  /** Fields never run inside each other, so they share their temporaries by number. */
  #unit(field: string, source: string, scanned: Scanned, write: (emitter: Emitter) => string): string {
    const record = (node: Node, emit: () => Code): Code => this.#record(source, node, emit);
    const emitter = new Emitter({
      scope: this.#subject.scope,
      lateNames: this.#subject.kind === 'value',
      placeholder: (index) => this.#binder.placeholder(field, scanned, index),
      written: (key, value) => this.#written(`${field}:${key}`, value),
      operation: (name) => this.operation(name),
      needs: (name, args) => {
        this.#functions.add(name);
        if (args !== undefined) this.#calls.set(JSON.stringify([name, args]), { name, args });
      },
      ...(this.#subject.kind === 'value' ? { record } : {}),
    });
    const code = write(emitter);
    this.#temporaries = Math.max(this.#temporaries, emitter.temporaries);
    return code;
  }

  #written(key: string, value: string | number): Code {
    if (this.#subject.kind !== 'value') return this.#binder.constant(`written ${key}`, value);
    return { code: literal(value), type: typeof value === 'string' ? 'text' : 'number' };
  }

  #record(source: string, node: Node, emit: () => Code): Code {
    const branch: Branch = {
      node: node.kind,
      source: source.slice(node.from, node.to),
      id: this.#nodes,
      children: [],
    };
    this.#nodes += 1;
    this.#open.at(-1)?.children.push(branch);
    this.tree ??= branch;
    this.#open.push(branch);
    const { code } = emit();
    this.#open.pop();
    return { code: `${this.operation('trace')}(${branch.id},${code})`, type: 'any' };
  }

  /** The body of a variable's function. It has its own temporaries. */
  #variable(name: string, source: string): string {
    const outer = this.#temporaries;
    this.#temporaries = 0;
    const code = this.field(`variables.${name}`, source, (_, expression) => expression());
    const body = `{${declare(this.#temporaries)}return ${code}}`;
    this.#temporaries = outer;
    return body;
  }

  /**
   * Makes the program. `write` gives the body of its function; where all references are numbers, as most are, a second body
   * without checks of their types runs.
   */
  finish(write: () => string): Compiled {
    const body = write();
    this.#binder.rest();
    const findings = [...this.#findings];
    if (findings.some(({ severity }) => severity === 'error')) return { findings };
    const fast = this.#specialised(write);
    const { constants, references, memory, fixed, read, areNumbers } = this.#binder;
    const { id, kind, language } = this.#subject;
    const source =
      `const{${[...this.#operations].sort().join(',')}}=py;${this.#scripts.join('')}let S=0;return{stage:()=>S,make:(C,R)=>{${fixed}` +
      `${memory.length === 0 ? '' : `let ${memory.join(',')};`}return()=>{S=0;` +
      `${memory.map((name) => `${name}=undefined;`).join('')}${read}${declare(this.#temporaries)}` +
      `${fast === '' ? '' : `if(${areNumbers}){${fast}}`}${body}}}}`;
    const functions = [...this.#functions].sort();
    const program: Program = { id, kind, language, source, constants, references, functions };
    if (kind === 'check') program.fields = [...this.#fields];
    if (this.#calls.size > 1) program.calls = [...this.#calls.values()].slice(0, MAX_CALLS);
    return { program, findings };
  }

  #specialised(write: () => string): string {
    const { kind, language } = this.#subject;
    const count = this.#binder.references.length;
    const pays = count > 0 && count <= MAX_SPECIALISED && this.#binder.memory.length === 0;
    if (kind !== 'check' || language !== 'opsbro' || !pays) return '';
    return this.#binder.assumingNumbers(write);
  }
}

const known = new Map<string, { scanned: Scanned; node: Node }>();

/** Scans and parses; the texts of many objects are equal but for what they bind. */
function read(source: string): { scanned: Scanned; node: Node } {
  const found = known.get(source);
  if (found !== undefined) return found;
  const scanned = scan(source);
  const fresh = { scanned, node: parse(scanned.text) };
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(source, fresh);
  return fresh;
}

function declare(temporaries: number): string {
  const names = Array.from({ length: temporaries }, (_, index) => `t${index}`);
  return names.length === 0 ? '' : `let ${names.join(',')};`;
}
