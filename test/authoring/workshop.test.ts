import type { Manifest } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { checkedOptions, jobOf, type Workpiece } from '../../authoring/workshop.ts';

const manifest: Manifest = {
  api: 1,
  kind: 'functions',
  name: 'words',
  summary: 'Words.',
  functions: {
    word_count: {
      summary: 'Counts words.',
      parameters: [{ name: 'text' }, { name: 'separator', default: ' ' }, { name: 'rest', rest: true }],
    },
  },
} as never;
const piece = { id: 'functions/words', manifest, sandbox: {} } as unknown as Workpiece;

it('calls a function with the defaults of its manifest, as an expression does', () => {
  const argumentsOf = (...args: string[]) => jobOf(piece, { call: { name: 'word_count', args } }).args;
  expect(argumentsOf('a b')).toEqual(['a b', ' ']);
  expect(argumentsOf('a,b', ',')).toEqual(['a,b', ',']);
  expect(argumentsOf('a,b', ',', 'more')).toEqual(['a,b', ',', 'more']);
});

it('says that the options of a manifest are no JSON Schema', () => {
  const options = { type: 'object', properties: { dir: { type: 'objekt' } } };
  expect(() => checkedOptions({ ...manifest, options }, {})).toThrow(
    /^the options of functions\/words are no JSON Schema: .*objekt/,
  );
});
