import type { ErrorCode } from '../../core/errors.ts';

/** A placeholder of an expression: `{{collector.cpustats.cpu_all.%idle||0}}`. */
export interface Placeholder {
  kind: 'collector' | 'parameters' | 'configuration' | 'variables';
  /** Paths to try in order, each without its kind; several only for `a|b` of parameters and configuration. */
  paths: string[][];
  /** The default as written; undefined when there is none. */
  fallback: string | undefined;
  /** As written, without braces, spaces and default, for messages. Packs of old write `collectors` where they mean `collector`. */
  text: string;
  from: number;
  to: number;
}

/** An expression with its placeholders taken out: `text` has the same length, so that offsets into it are offsets into the original. */
export interface Scanned {
  text: string;
  placeholders: Placeholder[];
}

/** A fault in an expression's text; `offset` counts UTF-16 units. */
export class CompileError extends Error {
  readonly code: ErrorCode;
  readonly offset: number;
  constructor(code: ErrorCode, message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

// Private-use characters stand for placeholders and for newlines inside literals; the grammar reads the first as a letter.
const HOLE = '\ue000';
const FILL = '\ue001';
const NEWLINE = '\ue002';
/** The grammar reads `:=` in a field of an f-string as an assignment; there it starts a format spec. */
const EQUALS = '\ue003';
/** Finds the stand-in of a placeholder: its number is the first group. */
export const hole = /\ue000(\d+)\ue001*/g;

const kinds = ['collector', 'parameters', 'configuration', 'variables'] as const;
const single = /^\{\s*(?:collectors?|parameters|configuration|variables)\.[^{}\n]*\}/;

/**
 * Replaces every placeholder, in both brace spellings, by a name of the same length; of OpsBro's language also newlines, by harmless
 * characters, and comments.
 */
export function scan(source: string, language: 'opsbro' | 'javascript' = 'opsbro'): Scanned {
  const foreign = /[\ue000-\ue003]/.exec(source);
  if (foreign !== null) {
    throw new CompileError(
      'OPSBRO_EXPRESSION_SYNTAX',
      'a private-use character (U+E000 to U+E003) cannot be part of an expression',
      foreign.index,
    );
  }
  const placeholders: Placeholder[] = [];
  let text = '';
  while (text.length < source.length) {
    const at = text.length;
    const written = source[at] === '{' ? spelled(source, at) : undefined;
    if (written === undefined) {
      text += source[at];
      continue;
    }
    const content = written.startsWith('{{') ? written.slice(2, -2) : written.slice(1, -1);
    placeholders.push(read(content, at, at + written.length));
    text += (HOLE + (placeholders.length - 1)).padEnd(written.length, FILL);
  }
  return { text: language === 'opsbro' ? flatten(text) : text, placeholders };
}

/** The placeholder that starts here, with its braces; undefined when these braces are ordinary ones. */
function spelled(source: string, at: number): string | undefined {
  if (source[at + 1] === '{' && source[at + 2] !== '{') {
    const line = source.slice(at + 2).split('\n', 1)[0] as string;
    for (let end = line.indexOf('}}'); end >= 0; end = line.indexOf('}}', end + 1)) {
      const content = line.slice(0, end);
      if (content.split('{').length === content.split('}').length) {
        return /^\s*[A-Za-z_]\w*\s*\./.test(content) ? source.slice(at, at + end + 4) : undefined;
      }
    }
    return undefined;
  }
  return single.exec(source.slice(at, at + 4096))?.[0];
}

function read(content: string, from: number, to: number): Placeholder {
  const [, name = '', rest = ''] = /^\s*(\w+)\s*\.(.*)$/s.exec(content) ?? [];
  const kind = kinds.find((one) => one === (name === 'collectors' ? 'collector' : name));
  if (kind === undefined) {
    throw new CompileError(
      'OPSBRO_EXPRESSION_UNKNOWN_NAME',
      `the placeholder {{${content}}} starts with '${name}'; expected one of ${kinds.join(', ')}`,
      from,
    );
  }
  const double = rest.indexOf('||');
  const bar = double < 0 && kind === 'collector' ? rest.indexOf('|') : double;
  const path = bar < 0 ? rest : rest.slice(0, bar);
  const fallback = bar < 0 ? undefined : rest.slice(bar + (double < 0 ? 1 : 2)).trim();
  const written = kind === 'parameters' || kind === 'configuration' ? path.split('|') : [path];
  const paths = written.map((one) =>
    one
      .trim()
      .replace(new RegExp(`^${kind}\\.`), '')
      .split('.'),
  );
  if (paths.some((steps) => steps.includes(''))) {
    throw new CompileError('OPSBRO_EXPRESSION_SYNTAX', `the path of {{${content}}} has an empty step`, from);
  }
  return { kind, paths, fallback, text: `${name}.${(paths[0] as string[]).join('.')}`, from, to };
}

/** Newlines: data inside a literal, white space outside; comments become white space. */
function flatten(text: string): string {
  const literal =
    /("""|''')(?:\\[\s\S]|(?!\1)[\s\S])*\1|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|#[^\n]*|\n|\r/g;
  return text.replace(literal, (found, triple: string | undefined, offset: number) => {
    if (found[0] === '#' || found === '\n' || found === '\r') return ' '.repeat(found.length);
    const isFormat = /[fF][rR]?$/.test(text.slice(Math.max(0, offset - 2), offset));
    const kept = isFormat ? found.replaceAll(':=', `:${EQUALS}`) : found;
    return triple === undefined
      ? kept.replace(/(\\?)\n/g, (all, backslash: string) => (backslash === '' ? NEWLINE : all))
      : kept;
  });
}

/** Gives back the characters of a literal that `scan` replaced. */
export function restore(text: string): string {
  return text.replaceAll(NEWLINE, '\n').replaceAll(EQUALS, '=');
}
