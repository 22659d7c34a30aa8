import { createContext, Script } from 'node:vm';
import { TargetError } from './target.ts';

/** Time on the clock: a busy machine needs some for an expression that is quick. */
const timeoutMs = 1000;
const maxLength = 2000;
const tests = new Script('texts.map((text) => expression.test(text))');
const replaces = new Script('texts.map((text) => text.replace(expression, replacement))');

/**
 * A regular expression as Python writes them. It comes from whoever asks, and may be one that takes forever: each use has a deadline, after
 * which it throws a TargetError.
 */
export class Expression {
  readonly #text: string;
  readonly #context: { texts: readonly string[]; expression: RegExp; replacement: string };

  /** `anchored`: it must match from the start of a text. Throws a TargetError where the text is no expression. */
  constructor(text: string, { anchored = false } = {}) {
    if (text.length > maxLength)
      throw new TargetError(`a regular expression is longer than ${maxLength} characters`);
    const { flags = '', body = '' } = /^(?:\(\?(?<flags>[ims]+)\))?(?<body>.*)$/s.exec(text)?.groups ?? {};
    const source = translated(body);
    this.#text = text;
    try {
      const expression = new RegExp(anchored ? `^(?:${source})` : source, `${flags}g`);
      this.#context = { texts: [], expression, replacement: '' };
    } catch (error) {
      throw new TargetError(`'${text}' is no regular expression: ${(error as Error).message}`);
    }
    createContext(this.#context);
  }

  /** Whether it is found in each of the texts. */
  test(texts: readonly string[]): boolean[] {
    const { source, flags } = this.#context.expression;
    this.#context.expression = new RegExp(source, flags.replace('g', ''));
    return this.#run(tests, texts) as boolean[];
  }

  /** The texts with each match replaced; `\1` and `\g<name>` stand for groups. */
  replace(texts: readonly string[], replacement: string): string[] {
    const { source, flags } = this.#context.expression;
    this.#context.expression = new RegExp(source, flags.includes('g') ? flags : `${flags}g`);
    this.#context.replacement = translatedReplacement(replacement);
    return this.#run(replaces, texts) as string[];
  }

  #run(script: Script, texts: readonly string[]): unknown[] {
    this.#context.texts = texts;
    try {
      return [...(script.runInContext(this.#context, { timeout: timeoutMs }) as unknown[])];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      throw new TargetError(`the regular expression '${this.#text}' takes too long`);
    }
  }
}

/** Python's spelling of what JavaScript spells otherwise. */
function translated(source: string): string {
  return source.replace(
    /\\([\s\S])|\(\?P<|\(\?P=(\w+)\)/g,
    (found, escaped: string | undefined, name?: string) => {
      if (escaped === 'A') return '^';
      if (escaped === 'Z') return '$';
      if (escaped !== undefined) return found;
      return name === undefined ? '(?<' : `\\k<${name}>`;
    },
  );
}

function translatedReplacement(text: string): string {
  return text.replace(
    /\$|\\(?:(\d{1,2})|g<(\w+)>|([\s\S]))/g,
    (found, digits?: string, name?: string, other?: string) => {
      if (found === '$') return '$$';
      const group = digits ?? name;
      if (group === undefined) return other === '\\' ? '\\' : other === 'n' ? '\n' : found;
      if (!/^\d+$/.test(group)) return `$<${group}>`;
      return Number(group) === 0 ? '$&' : `$${Number(group)}`;
    },
  );
}
