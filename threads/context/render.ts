import type { Context } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';

const maxTemplateBytes = 256 * 1024;
const maxTextBytes = 1024 * 1024;

type Nunjucks = typeof import('nunjucks');
type Lookup = (target: unknown, key: unknown, ...rest: unknown[]) => unknown;

/** The parts of nunjucks that its types leave out. */
interface Internals {
  runtime: {
    memberLookup: Lookup;
    contextOrFrameLookup(context: unknown, frame: unknown, name: string): unknown;
  };
}

interface Engine {
  plain: InstanceType<Nunjucks['Environment']>;
  html: InstanceType<Nunjucks['Environment']>;
}

let engine: Promise<Engine> | undefined;

/**
 * `ctx.render` of one run. nunjucks is loaded by the first template of a thread. A template that never ends is ended with its thread, like a
 * plugin that blocks.
 */
export function createRender(signal: AbortSignal): Context['render'] {
  return async (template, data, options = {}) => {
    signal.throwIfAborted();
    if (template.length > maxTemplateBytes) refuse(`the template is over ${maxTemplateBytes} bytes`);
    engine ??= load();
    const environment = (await engine)[options.html === true ? 'html' : 'plain'];
    let text: string;
    try {
      text = environment.renderString(template, structuredClone(data));
    } catch (thrown) {
      return refuse(reasonOf(thrown));
    }
    if (text.length > maxTextBytes) refuse(`the text is over ${maxTextBytes} bytes`);
    return text;
  };
}

async function load(): Promise<Engine> {
  const { default: nunjucks } = await import('nunjucks');
  nunjucks.installJinjaCompat();
  const { runtime } = nunjucks as unknown as Internals;
  runtime.memberLookup = guarded(runtime.memberLookup);
  const { contextOrFrameLookup: lookUp } = runtime;
  runtime.contextOrFrameLookup = (context, frame, name) =>
    name in Object.prototype ? undefined : lookUp(context, frame, name);
  const make = (autoescape: boolean): InstanceType<Nunjucks['Environment']> => {
    const environment = new nunjucks.Environment([], { autoescape });
    environment.addFilter('tojson', (value: unknown) => JSON.stringify(value ?? null));
    return environment;
  };
  return { plain: make(false), html: make(true) };
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
function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const [, line, column] = /\[Line (\d+), Column (\d+)\]/.exec(message) ?? [];
  const reason =
    message
      .split('\n')
      .at(-1)
      ?.replace(/^\s*(\w*Error: )?/, '') ?? message;
  return line === undefined ? `template: ${reason}` : `template:${line}:${column}: ${reason}`;
}
