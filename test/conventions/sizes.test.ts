import { expect, it } from 'vitest';
import { codeLines, functionSpans, libraries, product, sourceFiles, withoutComments } from './repository.ts';

const files = sourceFiles(...product, 'test');

it('keeps every file within 400 lines', () => {
  const long = files.filter(({ text }) => text.split('\n').length - 1 > 400).map(({ path }) => path);
  expect(long).toEqual([]);
});

it('keeps every function within 60 lines', () => {
  const long = files
    .filter(({ isTest, path }) => !isTest || /^test\/(bench|soak)\//.test(path))
    .flatMap(({ path, text }) =>
      functionSpans(text)
        .filter(({ lines }) => lines > 60)
        .map(({ line, lines }) => `${path}:${line} has ${lines} lines`),
    );
  expect(long).toEqual([]);
});

it('keeps core within 6,000 code lines and every folder of it and of the libraries beside it within 1,500', () => {
  const sizes = new Map<string, number>();
  for (const { path, text } of sourceFiles('core', ...libraries)) {
    const [library = '', folder = ''] = path.split('/');
    const lines = codeLines(text);
    const place = folder.endsWith('.ts') ? `${library}/` : `${library}/${folder}/`;
    sizes.set(place, (sizes.get(place) ?? 0) + lines);
    if (library === 'core') sizes.set('core', (sizes.get('core') ?? 0) + lines);
  }
  const over = [...sizes].filter(([folder, lines]) => lines > (folder === 'core' ? 6000 : 1500));
  expect(over).toEqual([]);
});

it.each([
  ['a // c\nb', 'a \nb'],
  ["x = 'http://y'; // c", "x = 'http://y'; "],
  ['x = /[/]*/; /* c */ y', 'x = /[/]*/;  y'],
  ['`//{a}/*`', '`//{a}/*`'],
  ['/** a\n * b */\nc', '\n\nc'],
])('counts %j as %j', (text, expected) => {
  expect(withoutComments(text)).toBe(expected);
});
