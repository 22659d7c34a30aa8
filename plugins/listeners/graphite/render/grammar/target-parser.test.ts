import { describe, expect, it } from 'vitest';
import { parseTarget, parseTargetStart } from './target-parser.ts';

const path = (text: string) => ({ kind: 'path', text });
const number = (value: number, isInteger = true) => ({ kind: 'number', value, isInteger });
const call = (name: string, args: unknown[], named: [string, unknown][] = []) => ({
  kind: 'call',
  name,
  args,
  named: new Map(named),
});

describe('a target', () => {
  it.each([
    ['a.b.c', path('a.b.c')],
    [' web*.cpu[0-9].{user,system}.x?z ', path('web*.cpu[0-9].{user,system}.x?z')],
    ['disk.used;host=web1', path('disk.used;host=web1')],
    ['a\\,b\\(c', path('a,b(c')],
    ['sum()', call('sum', [])],
    ['scale(a.b, 2)', call('scale', [path('a.b'), number(2)])],
    ['scale(a.b,-1.5e-3)', call('scale', [path('a.b'), number(-0.0015, false)])],
    ['f(a,1e3)', call('f', [path('a'), number(1000, false)])],
    ['f(1.a, 2min.b)', call('f', [path('1.a'), path('2min.b')])],
    [
      'f("x, (y)", \'z"\')',
      call('f', [
        { kind: 'string', value: 'x, (y)' },
        { kind: 'string', value: 'z"' },
      ]),
    ],
    [
      'f(true,FALSE,None,inf)',
      call('f', [
        { kind: 'boolean', value: true },
        { kind: 'boolean', value: false },
        { kind: 'none' },
        number(Number.POSITIVE_INFINITY, false),
      ]),
    ],
    ['f(trueish)', call('f', [path('trueish')])],
    [
      'f(a, n=3, to = "x")',
      call(
        'f',
        [path('a')],
        [
          ['n', number(3)],
          ['to', { kind: 'string', value: 'x' }],
        ],
      ),
    ],
    [
      'a.b | scale(2) | alias("x")',
      call('alias', [call('scale', [path('a.b'), number(2)]), { kind: 'string', value: 'x' }]),
    ],
  ])('%s is read', (text, expected) => {
    expect(parseTarget(text)).toEqual(expected);
  });

  it('may be a template, with values by place and by name', () => {
    expect(parseTarget('template(f($1.$host), "a", host="b", n=3)')).toEqual({
      kind: 'template',
      body: call('f', [path('$1.$host')]),
      values: new Map([
        ['1', 'a'],
        ['host', 'b'],
        ['n', '3'],
      ]),
    });
  });

  it.each([
    ['', 'character 1: a name was expected'],
    ['f(', 'character 3: a name was expected'],
    ['f(a', "character 4: ',' or ')' was expected"],
    ['f(a))', "character 5: ')' was not expected"],
    ['f(n=1, a)', 'an argument without a name follows one with a name'],
    ['a | b', "a function must follow '|'"],
    ['a{b', "'}' is missing"],
    ['f("a)', "'\"' was not expected"],
    ['template(a, b)', 'a value of a template must be a number or a text in quotes'],
    [`${'f('.repeat(200)}a${')'.repeat(200)}`, 'calls are nested deeper than 100'],
    ['a'.repeat(70_000), 'longer than 65536 characters'],
  ])('%s is refused', (text, message) => {
    expect(() => parseTarget(text)).toThrow(message);
  });

  it('is found at the start of a name that goes on', () => {
    expect(parseTargetStart('scale(a.b,2) (avg: 3.0)')).toEqual(call('scale', [path('a.b'), number(2)]));
  });
});
