import { type CallTarget, type Target, TargetError, type TemplateTarget } from './target.ts';

const maxDepth = 100;
const maxLength = 64 * 1024;

/** Reads a target: a pattern, or calls of functions, also piped (`a.b | scale(2)`). Throws a TargetError that tells the place. */
export function parseTarget(text: string): Target {
  if (text.length > maxLength) throw new TargetError(`a target is longer than ${maxLength} characters`);
  const reader = new TargetParser(text);
  const target = reader.expression();
  reader.end();
  return target;
}

/** Reads the target that a text begins with, whatever follows it, as names of series do. Throws a TargetError where none begins. */
export function parseTargetStart(text: string): Target {
  return new TargetParser(text.slice(0, maxLength)).expression();
}

class TargetParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  expression(): Target {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw this.#error(`calls are nested deeper than ${maxDepth}`);
    let target = this.#callOrPath();
    while (this.#takes('|')) {
      const next = this.#callOrPath();
      if (next.kind !== 'call') throw this.#error("a function must follow '|'");
      target = { ...next, args: [target, ...next.args] };
    }
    this.#depth -= 1;
    return target;
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#error(`'${this.#text[this.#at]}' was not expected`);
  }

  #callOrPath(): Target {
    this.#space();
    const name = this.#match(/[A-Za-z_]\w*(?=\s*\()/y);
    if (name === undefined) return { kind: 'path', text: this.#path() };
    this.#takes('(');
    return name === 'template' ? this.#template() : this.#call(name);
  }

  #call(name: string): CallTarget {
    const args: Target[] = [];
    const named = new Map<string, Target>();
    if (this.#takes(')')) return { kind: 'call', name, args, named };
    do {
      const key = this.#match(/\s*[A-Za-z_]\w*\s*=(?!=)/y);
      if (key !== undefined) named.set(key.slice(0, -1).trim(), this.#argument());
      else if (named.size > 0) throw this.#error('an argument without a name follows one with a name');
      else args.push(this.#argument());
    } while (this.#takes(','));
    if (!this.#takes(')')) throw this.#error("',' or ')' was expected");
    return { kind: 'call', name, args, named };
  }

  #template(): TemplateTarget {
    const body = this.expression();
    const values = new Map<string, string>();
    for (let place = 1; this.#takes(','); place += 1) {
      const key = this.#match(/\s*[A-Za-z_]\w*\s*=(?!=)/y);
      const value = this.#argument();
      if (value.kind !== 'string' && value.kind !== 'number')
        throw this.#error('a value of a template must be a number or a text in quotes');
      values.set(key === undefined ? `${place}` : key.slice(0, -1).trim(), `${value.value}`);
    }
    if (!this.#takes(')')) throw this.#error("',' or ')' was expected");
    return { kind: 'template', body, values };
  }

  #argument(): Target {
    this.#space();
    const quoted = this.#match(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y);
    if (quoted !== undefined) return { kind: 'string', value: quoted.slice(1, -1) };
    const number = this.#match(/-?\d+(?:\.\d+)?(?:e-?\d+)?(?=\s*(?:[,)]|$))/iy);
    if (number !== undefined)
      return { kind: 'number', value: Number(number), isInteger: /^-?\d+$/.test(number) };
    const word = this.#match(/(?:true|false|none|inf)(?=\s*(?:[,)]|$))/iy)?.toLowerCase();
    if (word === 'none') return { kind: 'none' };
    if (word === 'inf') return { kind: 'number', value: Number.POSITIVE_INFINITY, isInteger: false };
    if (word !== undefined) return { kind: 'boolean', value: word === 'true' };
    return this.expression();
  }

  #path(): string {
    const from = this.#at;
    let inBraces = false;
    let text = '';
    for (; this.#at < this.#text.length; this.#at += 1) {
      const character = this.#text[this.#at]!;
      if (character === '\\' && this.#at + 1 < this.#text.length) {
        this.#at += 1;
        text += this.#text[this.#at];
        continue;
      }
      if (character === '{') inBraces = true;
      else if (character === '}') inBraces = false;
      else if (/[\s()'"|]/.test(character) || (character === ',' && !inBraces)) break;
      text += character;
    }
    if (inBraces) throw this.#error("'}' is missing");
    if (this.#at === from)
      throw this.#error(
        from < this.#text.length ? `'${this.#text[from]}' was not expected` : 'a name was expected',
      );
    return text;
  }

  #match(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #takes(symbol: string): boolean {
    this.#space();
    if (!this.#text.startsWith(symbol, this.#at)) return false;
    this.#at += symbol.length;
    return true;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #error(what: string): TargetError {
    const shown = this.#text.length > 200 ? `${this.#text.slice(0, 200)}…` : this.#text;
    return new TargetError(`target '${shown}', character ${this.#at + 1}: ${what}`);
  }
}
