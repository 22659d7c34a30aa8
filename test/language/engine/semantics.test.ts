import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { differences, pythonAbsent, startEngine } from './fixture.ts';

const engine = startEngine();
afterAll(() => engine.stop());

const numbers = fc.oneof(
  fc.integer({ min: -9, max: 9 }),
  fc.integer({ min: -9, max: 9 }),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.constantFrom(0.5, 2.25, -1.75, 3.1, 1e-7, 0.1),
);
const number = numbers.map((value) => (value < 0 ? `(${value})` : String(value)));
const text = fc
  .string({ unit: fc.constantFrom('a', 'b', 'B', ' ', ',', 'é', '😀', '1'), maxLength: 6 })
  .map((value) => `'${value}'`);
const scalar = fc.oneof(number, number, text, fc.constantFrom('True', 'False', 'None'));
const list = fc.array(fc.oneof(number, text), { maxLength: 4 }).map((items) => `[${items.join(', ')}]`);
const sameList = fc
  .oneof(fc.array(number, { maxLength: 5 }), fc.array(text, { maxLength: 5 }))
  .map((items) => `[${items.join(', ')}]`);
const tuple = fc.array(scalar, { minLength: 2, maxLength: 3 }).map((items) => `(${items.join(', ')})`);
const dict = fc
  .array(fc.tuple(fc.oneof(text, fc.integer({ min: 0, max: 3 }).map(String)), scalar), { maxLength: 3 })
  .map((pairs) => `{${pairs.map((pair) => pair.join(': ')).join(', ')}}`);
const small = fc.integer({ min: -4, max: 4 }).map(String);
const value = fc.oneof(scalar, scalar, list, tuple, dict);

const whole = fc
  .oneof(fc.integer({ min: -9, max: 9 }), fc.integer(), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }))
  .map((value) => (value < 0 ? `(${value})` : String(value)));
const integers = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    whole,
    fc.constantFrom('True', 'False'),
    fc
      .tuple(tie('node'), fc.constantFrom('+', '-', '*', '//', '%', '&', '|', '^', '>>'), tie('node'))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    fc.tuple(fc.constantFrom('-', '~', '+'), tie('node')).map(([sign, node]) => `(${sign}${node})`),
    fc.tuple(whole, fc.integer({ min: 0, max: 5 })).map(([node, power]) => `(${node} ** ${power})`),
  ),
})).node;
const short = fc
  .oneof(fc.integer({ min: -9, max: 9 }), fc.integer(), fc.constantFrom(0.5, 2.25, -1.75, 3.1, 1e-7, 0.1))
  .map((value) => (value < 0 ? `(${value})` : String(value)));
/** One operation on fractions: more would mix whole floats with integers, which are one type here. */
const fractions = fc
  .tuple(short, fc.constantFrom('+', '-', '*', '/', '//', '%'), short)
  .map((parts) => parts.join(' '));
const arithmetic = fc.oneof(integers, fractions);

const comparison = fc
  .array(fc.tuple(value, fc.constantFrom('<', '<=', '>', '>=', '==', '!=')), { minLength: 1, maxLength: 3 })
  .chain((parts) => value.map((last) => `${parts.map((part) => part.join(' ')).join(' ')} ${last}`));
const truth = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    value,
    fc.tuple(tie('node'), fc.constantFrom('and', 'or'), tie('node')).map((parts) => parts.join(' ')),
    tie('node').map((node) => `not ${node}`),
    fc
      .tuple(scalar, fc.constantFrom('==', '!=', 'is', 'is not'), fc.constantFrom('None', 'True', '1'))
      .map((parts) => parts.join(' ')),
    fc.tuple(tie('node'), tie('node'), tie('node')).map(([a, b, c]) => `(${a} if ${b} else ${c})`),
    fc
      .tuple(scalar, fc.constantFrom('in', 'not in'), fc.oneof(list, text, dict))
      .map((parts) => parts.join(' ')),
  ),
})).node;

const bound = fc.oneof(fc.constant(''), small);
const sequences = fc.oneof(
  fc
    .tuple(fc.oneof(text, list, tuple), bound, bound, fc.constantFrom('', ':', ':2', ':-1', ':-2'))
    .map(([of, from, to, step]) => `${of}[${from}:${to}${step}]`),
  fc.tuple(fc.oneof(text, list, tuple), small).map(([of, index]) => `${of}[${index}]`),
  fc.tuple(dict, text).map(([of, key]) => `${of}[${key}]`),
  fc
    .tuple(fc.oneof(text, list, tuple), fc.constantFrom('+', '*', '+'), fc.oneof(text, list, tuple, small))
    .map((parts) => parts.join(' ')),
);

const methods = fc.oneof(
  fc
    .tuple(
      text,
      fc.constantFrom(
        'upper()',
        'lower()',
        'strip()',
        'lstrip()',
        'rstrip()',
        'split()',
        'title()',
        'capitalize()',
        'swapcase()',
        'isdigit()',
        'isalpha()',
        'isupper()',
        'isspace()',
        'splitlines()',
      ),
    )
    .map((parts) => parts.join('.')),
  fc
    .tuple(
      text,
      fc.constantFrom(
        'split',
        'rsplit',
        'strip',
        'find',
        'rfind',
        'count',
        'startswith',
        'endswith',
        'partition',
        'rpartition',
        'removeprefix',
        'removesuffix',
        'index',
      ),
      text,
    )
    .map(([of, name, arg]) => `${of}.${name}(${arg})`),
  fc
    .tuple(text, fc.constantFrom('split', 'rsplit'), fc.oneof(text, fc.constant('None')), small)
    .map(([of, name, by, most]) => `${of}.${name}(${by}, maxsplit=${most})`),
  fc
    .tuple(text, text, text, small)
    .map(([of, old, fresh, count]) => `${of}.replace(${old}, ${fresh}, ${count})`),
  fc
    .tuple(text, fc.constantFrom('find', 'count', 'startswith', 'rfind'), text, small, small)
    .map(([of, name, arg, from, to]) => `${of}.${name}(${arg}, ${from}, ${to})`),
  fc
    .tuple(text, fc.constantFrom('ljust', 'rjust', 'center', 'zfill'), fc.integer({ min: 0, max: 12 }))
    .map(([of, name, width]) => `${of}.${name}(${width})`),
  fc.tuple(text, fc.array(text, { maxLength: 3 })).map(([by, items]) => `${by}.join([${items.join(', ')}])`),
  fc
    .tuple(dict, fc.constantFrom('keys()', 'values()', 'items()', "get('a')", "get('a', 7)", 'get(1)'))
    .map((parts) => parts.join('.')),
  fc.tuple(list, fc.constantFrom('index', 'count'), scalar).map(([of, name, arg]) => `${of}.${name}(${arg})`),
);

const comprehensions = fc
  .tuple(
    sameList,
    fc.constantFrom('x', 'x * 2', '(x, x)', '[x]', 'x == x', 'str(x)'),
    fc.constantFrom('', ' if x', ' if x != 0', ' for y in [1, 2]', ' for y in [x] if y == x'),
  )
  .chain(([of, element, rest]) =>
    fc.constantFrom(
      `[${element} for x in ${of}${rest}]`,
      `{x: 1 for x in ${of}${rest}}`,
      `len({x for x in ${of}${rest}})`,
      `sum(1 for x in ${of}${rest})`,
    ),
  );

const calls = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        'sorted',
        'min',
        'max',
        'sum',
        'len',
        'list',
        'tuple',
        'any',
        'all',
        'enumerate',
        'reversed',
        'repr',
        'str',
        'bool',
      ),
      fc.oneof(sameList, list, text),
    )
    .map(([name, arg]) => `${name}(${arg})`),
  fc
    .tuple(
      fc.constantFrom('int', 'float', 'abs', 'bool', 'round', 'repr'),
      fc.oneof(number, text, fc.constantFrom("' 12 '", "'1_000'", "'1e3'", "'-4'", "'1.5'", 'True')),
    )
    .map(([name, arg]) => `${name}(${arg})`),
  fc.tuple(number, fc.integer({ min: -2, max: 4 })).map(([arg, digits]) => `round(${arg}, ${digits})`),
  fc
    .tuple(small, small, fc.constantFrom('1', '2', '-1', '-3', '0'))
    .map((parts) => `range(${parts.join(', ')})`),
  fc.tuple(sameList, list, text).map((parts) => `zip(${parts.join(', ')})`),
  fc
    .tuple(sameList, fc.constantFrom('True', 'False'))
    .map(([of, reverse]) => `sorted(${of}, reverse=${reverse})`),
  fc
    .tuple(
      fc.constantFrom("'ff'", "'0x1F'", "'777'", "'z'", "'0b11'"),
      fc.constantFrom('16', '8', '2', '0', '36'),
    )
    .map((parts) => `int(${parts.join(', ')})`),
);

test.skipIf(pythonAbsent !== undefined).each([
  ['arithmetic', arithmetic, 1_000],
  ['comparisons', comparison, 1_000],
  ['conditions', truth, 1_000],
  ['sequences', sequences, 800],
  ['methods', methods, 1_500],
  ['comprehensions', comprehensions, 800],
  ['functions', calls, 1_000],
] as const)('gives what Python gives: %s', async (_, kind, count) => {
  const cases = fc.sample(kind as fc.Arbitrary<string>, { numRuns: count, seed: 4_711 });
  expect((await differences(engine, cases)).slice(0, 12)).toEqual([]);
});
