import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root, with a final slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A TypeScript file of this project. */
export interface SourceFile {
  /** From the root, e.g. `core/schedule/scheduler.ts`. */
  path: string;
  text: string;
  isTest: boolean;
}

/** What a file imports. */
export interface Import {
  specifier: string;
  /** `import type`, or a type of `import('…')`: gone at run time. */
  typeOnly: boolean;
  /** `import(…)`, or `createRequire(…)(…)`: loaded only when reached. */
  dynamic: boolean;
}

const skipped = new Set([
  'node_modules',
  'dist',
  'testdata',
  'fixtures',
  'samples',
  'var',
  'coverage',
  '.git',
]);

/** Paths, from the root, of every file below `folder` that ends in `ending`. */
export function filesBelow(folder: string, ending: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(path, ending);
      return entry.name.endsWith(ending) ? [path] : [];
    })
    .sort();
}

/** The libraries beside core, each with a border of its own. */
export const libraries = [
  'alerting',
  'authoring',
  'configuration',
  'control',
  'exec',
  'importing',
  'language',
  'replay',
  'sandbox',
  'store',
  'threads',
];

/** Every folder of code that ships. */
export const product = ['sdk', 'core', ...libraries, 'plugins', 'cli', 'overcli', 'web'];

/** The TypeScript files below these folders. */
export function sourceFiles(...folders: string[]): SourceFile[] {
  return folders.flatMap((folder) =>
    [...filesBelow(folder, '.ts'), ...filesBelow(folder, '.tsx')].map((path) => ({
      path,
      text: readFileSync(join(root, path), 'utf8'),
      isTest: path.endsWith('.test.ts') || path.startsWith('test/'),
    })),
  );
}

/** Every import, export-from and dynamic import or require of a file, comments left out. */
export function importsOf(file: SourceFile): Import[] {
  const code = withoutComments(file.text);
  const found: Import[] = [];
  for (const match of code.matchAll(/^(import|export)\b([^;'"]*?)\bfrom\s+'([^']+)'/gm)) {
    const [, , names = '', specifier = ''] = match;
    found.push({ specifier, typeOnly: isTypeOnly(names), dynamic: false });
  }
  for (const match of code.matchAll(/^import\s+'([^']+)'/gm)) {
    found.push({ specifier: match[1] ?? '', typeOnly: false, dynamic: false });
  }
  for (const match of code.matchAll(/(typeof\s+)?\bimport\(\s*'([^']+)'\s*\)/g)) {
    found.push({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined, dynamic: true });
  }
  for (const match of code.matchAll(/\bcreateRequire\(import\.meta\.url\)\('([^']+)'\)/g)) {
    found.push({ specifier: match[1] ?? '', typeOnly: false, dynamic: true });
  }
  return found;
}

function isTypeOnly(names: string): boolean {
  if (/^\s+type\b/.test(names)) return true;
  const braces = /^\s*\{([^}]*)\}\s*$/.exec(names)?.[1];
  return braces?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type ')) ?? false;
}

/** The path, from the root, that a relative import names. */
export function resolveImport(file: SourceFile, specifier: string): string {
  return relative(root, join(root, dirname(file.path), specifier));
}

/** `@scope/name` or `name` of an import of a package. */
export function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Lines that are neither blank nor comment. */
export function codeLines(text: string): number {
  return withoutComments(text)
    .split('\n')
    .filter((line) => line.trim() !== '').length;
}

/** The text with comments blanked; strings, templates and regular expressions that hold `//` or `/*` stay. */
export function withoutComments(text: string): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[=(,:!&|?;[{}]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n*[])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])*\//g;
  return text.replaceAll(token, (found) => {
    return found.startsWith('//') || found.startsWith('/*') ? found.replaceAll(/[^\n]/g, '') : found;
  });
}

/** The text with comments and the insides of strings blanked: what is left is what the program does. */
export function withoutTexts(text: string): string {
  const string = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;
  return withoutComments(text).replaceAll(string, (found) => found.replaceAll(/[^\n]/g, '_'));
}

/** A function or method and how many lines it spans. */
export interface FunctionSpan {
  line: number;
  lines: number;
}

/** Functions of a formatted file: a header that ends in `{`, up to the first `}` at the same indentation. */
export function functionSpans(text: string): FunctionSpan[] {
  const lines = withoutComments(text).split('\n');
  return lines.flatMap((line, index) => {
    if (!isFunctionHeader(line)) return [];
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    const end = lines.findIndex((other, at) => at > index && other.startsWith(`${indent}}`));
    return end === -1 ? [] : [{ line: index + 1, lines: end - index + 1 }];
  });
}

function isFunctionHeader(line: string): boolean {
  const code = line.trim();
  if (!code.endsWith('{') || /^(if|for|while|switch|do|else|try|catch|\}|class|interface|type)\b/.test(code))
    return false;
  if (/^(export )?(default )?(abstract )?(class|interface)\b/.test(code)) return false;
  return /=> \{$/.test(code) || /\)(: [^=]+)? \{$/.test(code);
}
