import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellWord, simpleWords } from '../../exec/quote.ts';

/** What a real shell passes to a program for a script: the program prints its arguments, each ended by NUL. */
function byShell(script: string): string[] {
  const { stdout } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8', env: {}, cwd: '/' });
  return stdout.split('\0').slice(0, -1);
}

describe('shellWord', () => {
  it('makes any texts arrive as they are', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (texts) => {
        expect(byShell(`/usr/bin/printf '%s\\0' ${texts.map(shellWord).join(' ')}`)).toEqual(texts);
      }),
      { numRuns: 50 },
    );
  });
});

describe('simpleWords', () => {
  it.each<[string, string[]]>([
    ['check_disk -w 10% -c 5% -p /', ['check_disk', '-w', '10%', '-c', '5%', '-p', '/']],
    ['  /bin/x \'a b\'\t"c d" e\'f\'"g"  \n', ['/bin/x', 'a b', 'c d', 'efg']],
    ['check_http -u "/a?b=$(c" ', []],
    ['x "a\\"b\\\\c\\d" \'\' ""', ['x', 'a"b\\c\\d', '', '']],
    ['check_procs -a naïve', ['check_procs', '-a', 'naïve']],
  ])('reads %j', (script, words) => {
    expect(simpleWords(script) ?? []).toEqual(words);
  });

  it.each([
    '',
    '   ',
    'a | b',
    'a; b',
    'a && b',
    'a & b',
    'a\nb',
    'a > /tmp/x',
    'a < b',
    'a $B',
    'a "$B"',
    'a `b`',
    'a "`b`"',
    'a *.c',
    'a b?',
    'a [b]',
    'a ~',
    '~/a',
    'A=b c',
    "'A'=b c",
    'a # b',
    'a #',
    'a \\b',
    "a 'b",
    'a "b',
    '(a)',
    '{ a; }',
    '! a',
    'if a',
    'exit 2',
    'cd /',
    '. ./a',
    'exec a',
    'test -f a',
    'echo a',
    "''",
    'a\0b',
    'a {b,c}',
  ])('leaves %j to a shell', (script) => {
    expect(simpleWords(script)).toBeUndefined();
  });

  it('agrees with a real shell on whatever it takes', () => {
    const piece = fc.constantFrom(
      ...['a', '-b', '=', ' ', '  ', "'", '"', '\\', '$', '`', '#', '~', '*', ';', '|', '&', '<', '(', ')'],
      ...['{', '}', '!', '[', '?', '%', '\t', '\n', 'é', ':', '/', '@', '^', ',', '.', "'a b'", '"c d"'],
    );
    const prefix = "/usr/bin/printf '%s\\0' ";
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const script = `${prefix}x${pieces.join('')}`;
        const words = simpleWords(script);
        fc.pre(words !== undefined);
        expect(byShell(script)).toEqual(words.slice(2));
      }),
      { numRuns: 300 },
    );
  });
});
