import { createRequire } from 'node:module';
import type { Context } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import { nearest } from '../../language/nearest.ts';

const maxTemplateBytes = 256 * 1024;
const maxTextBytes = 1024 * 1024;
const spareTries = 10_000;

type Nunjucks = typeof import('nunjucks');
type Lookup = (target: unknown, key: unknown, ...rest: unknown[]) => unknown;
type NodeType = abstract new (...args: never) => Node;
type Environment = InstanceType<Nunjucks['Environment']> & { filters: object; tests: object };

/** A part of a template; `lineno` and `colno` count from 0. What else it has is its type's. */
interface Node {
  lineno: number;
  colno: number;
  name?: Node;
  right?: Node;
  value?: unknown;
  ignoreMissing?: boolean;
}

/** A template that is being parsed; `tries` is ours. */
interface Parsing {
  tokens: { str: string };
  tries?: number;
  parseAggregate(): unknown;
  fail(reason: string): never;
}

/** The parts of nunjucks that its types leave out. */
interface Internals {
  runtime: {
    memberLookup: Lookup;
    contextOrFrameLookup(context: unknown, frame: unknown, name: string): unknown;
  };
  nodes: { [type in 'Filter' | 'Is' | 'Include' | 'Extends' | 'Import' | 'FromImport']: NodeType };
  parser: {
    parse(template: string): { findAll(type: NodeType): Node[] };
    Parser: { prototype: Parsing };
  };
  Template: new (template: string, environment: Environment, path: undefined, isCompiled: boolean) => object;
}

interface Engine extends Pick<Internals, 'nodes' | 'parser' | 'Template'> {
  plain: Environment;
  html: Environment;
}

/** What is wrong with a template, and where in it, counted from 1, when that is known. */
export interface TemplateFault {
  reason: string;
  line?: number;
  column?: number;
}

let engine: Engine | undefined;

/**
 * `ctx.render` of one run. nunjucks is loaded by the first template of a thread. A template that never ends is ended with its thread, like a
 * plugin that blocks.
 */
export function createRender(signal: AbortSignal): Context['render'] {
  return async (template, data, options = {}) => {
    signal.throwIfAborted();
    if (template.length > maxTemplateBytes) refuse(`the template is over ${maxTemplateBytes} bytes`);
    engine ??= load();
    const environment = engine[options.html === true ? 'html' : 'plain'];
    let text: string;
    try {
      text = environment.renderString(template, structuredClone(data));
    } catch (thrown) {
      const { reason, line, column } = faultOf(thrown);
      return refuse(line === undefined ? `template: ${reason}` : `template:${line}:${column}: ${reason}`);
    }
    if (text.length > maxTextBytes) refuse(`the text is over ${maxTextBytes} bytes`);
    return text;
  };
}

/**
 * What keeps a template from being filled whatever the data: its syntax, or a filter, a test or a template that there is none of. The first
 * such thing, null where there is none. Fills nothing in; loads nunjucks as a run does, so it is not for the agent's main thread.
 */
export function templateFault(template: string): TemplateFault | null {
  if (template.length > maxTemplateBytes) return { reason: `it is over ${maxTemplateBytes} bytes` };
  if (!/\{[{%#]/.test(template)) return null;
  engine ??= load();
  try {
    new engine.Template(template, engine.plain, undefined, true);
    return missingNames(engine, template);
  } catch (thrown) {
    return faultOf(thrown);
  }
}

/** What nunjucks looks for only when it comes to it. */
function missingNames({ nodes, parser, plain }: Engine, template: string): TemplateFault | null {
  const root = parser.parse(template);
  const missing: [Node, reason: string][] = [];
  const look = (kind: 'filter' | 'test', node: Node, name: string, known: object): void => {
    if (Object.hasOwn(known, name)) return;
    const near = nearest(name, Object.keys(known));
    missing.push([
      node,
      `${kind} not found: ${name}${near === undefined ? '' : `; did you mean '${near}'?`}`,
    ]);
  };
  for (const node of root.findAll(nodes.Filter))
    look('filter', node, String(node.name?.value), plain.filters);
  for (const { right } of root.findAll(nodes.Is))
    if (right !== undefined) look('test', right, String((right.name ?? right).value), plain.tests);
  for (const type of [nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport])
    for (const node of root.findAll(type))
      if (node.ignoreMissing !== true) missing.push([node, 'a template reaches no other template']);
  const [first] = missing.sort(([a], [b]) => a.lineno - b.lineno || a.colno - b.colno);
  if (first === undefined) return null;
  const [{ lineno, colno }, reason] = first;
  return { reason, line: lineno + 1, column: colno + 1 };
}

function load(): Engine {
  const nunjucks = createRequire(import.meta.url)('nunjucks') as Nunjucks;
  nunjucks.installJinjaCompat();
  const { runtime, nodes, parser, Template } = nunjucks as unknown as Internals;
  boundTries(parser.Parser.prototype);
  runtime.memberLookup = guarded(runtime.memberLookup);
  const { contextOrFrameLookup: lookUp } = runtime;
  runtime.contextOrFrameLookup = (context, frame, name) =>
    name in Object.prototype ? undefined : lookUp(context, frame, name);
  const make = (autoescape: boolean): Environment => {
    const environment = new nunjucks.Environment([], { autoescape }) as Environment;
    environment.addFilter('tojson', (value: unknown) => JSON.stringify(value ?? null));
    return environment;
  };
  return { nodes, parser, Template, plain: make(false), html: make(true) };
}

/** What does not parse after `[`, nunjucks parses once more, as a slice: twice as often with every `[` around it, hours for thirty. */
function boundTries(parsing: Parsing): void {
  const { parseAggregate } = parsing;
  parsing.parseAggregate = function (this: Parsing) {
    this.tries = (this.tries ?? 0) + 1;
    if (this.tries > spareTries + 2 * this.tokens.str.length) this.fail('brackets are nested too deeply');
    return parseAggregate.call(this);
  };
}

/** Methods of Python's texts that templates are written with. */
const textMethods: { [name: string]: (text: string, ...args: string[]) => unknown } = {
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  strip: (text) => text.trim(),
  capitalize: (text) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase(),
  startswith: (text, start = '') => text.startsWith(start),
  endswith: (text, end = '') => text.endsWith(end),
  replace: (text, from = '', to = '') => text.replaceAll(from, to),
  split: (text, by) => (by === undefined ? text.trim().split(/\s+/) : text.split(by)),
  join: (text, ...[items]) => (Array.isArray(items) ? items.join(text) : text),
};

/** Methods of Python's dictionaries and lists; none of them reaches what JavaScript adds to an object. */
const dataMethods: { [name: string]: (target: object, ...args: unknown[]) => unknown } = {
  items: (target) => Object.entries(target),
  values: (target) => Object.values(target),
  keys: (target) => Object.keys(target),
  get: (target, key, fallback = null) =>
    Object.hasOwn(target, String(key)) ? (target as Record<string, unknown>)[String(key)] : fallback,
  has_key: (target, key) => Object.hasOwn(target, String(key)),
  append: (target, item) => void (target as unknown[]).push(item),
  count: (target, item) => (target as unknown[]).filter((other) => other === item).length,
  index: (target, item) => (target as unknown[]).indexOf(item),
};

/** Own keys of the data come first; then Python's methods; nothing that JavaScript adds, such as `constructor`, which leads to code. */
function guarded(original: Lookup): Lookup {
  return (target, key, ...rest) => {
    if (target === null || target === undefined || typeof target === 'function') return undefined;
    const isText = typeof target === 'string' || target instanceof String;
    if (rest.length > 1) {
      const slice = original(isText ? String(target) : target, key, ...rest);
      return isText && Array.isArray(slice) ? slice.join('') : slice;
    }
    const name = String(key);
    if (isText && Object.hasOwn(textMethods, name))
      return (...args: string[]) => textMethods[name]?.(String(target), ...args);
    if (Object.hasOwn(Object(target), name)) return (target as Record<string, unknown>)[name];
    if (typeof target !== 'object' || !Object.hasOwn(dataMethods, name)) return undefined;
    return (...args: unknown[]) => dataMethods[name]?.(target, ...args);
  };
}

function refuse(reason: string): never {
  throw new OpsbroError('OPSBRO_HOST_TEMPLATE', reason);
}

/** nunjucks writes `(unknown path) [Line 3, Column 5]`, a line end, and the reason. */
function faultOf(thrown: unknown): TemplateFault {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const [, line, column] = /\[Line (\d+), Column (\d+)\]/.exec(message) ?? [];
  const reason =
    message
      .split('\n')
      .at(-1)
      ?.replace(/^\s*(\w*Error: )?/, '') ?? message;
  return line === undefined ? { reason } : { reason, line: Number(line), column: Number(column) };
}
