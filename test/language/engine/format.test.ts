import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { differences, pythonAbsent, startEngine } from './fixture.ts';

const engine = startEngine();
afterAll(() => engine.stop());

/** Python source of a text. */
const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n')}'`;

const integers = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.integer(),
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
);
/** Floats that are no whole numbers: those print with `.0` in Python and without here. */
const floats = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
    fc.integer({ min: -100_000, max: 100_000 }).map((number) => number / 8),
    fc.integer({ min: -100_000, max: 100_000 }).map((number) => number / 1000),
    fc.integer({ min: 1, max: 300 }).map((exponent) => 1.7 / 10 ** exponent),
  )
  .filter((number) => !Number.isInteger(number));
const texts = fc.string({
  unit: fc.constantFrom('a', 'B', 'é', '漢', '😀', ' ', "'", '"', '%', '{', '\\'),
  maxLength: 8,
});

/** A number as Python source that reads back exactly. */
const float = (value: number): string => {
  const text = value.toExponential();
  return value < 0 ? `(${text})` : text;
};
const integer = (value: number | bigint): string => (value < 0 ? `(${value})` : String(value));

const flags = fc
  .array(fc.constantFrom('-', '+', ' ', '0', '#'), { maxLength: 3 })
  .map((list) => list.join(''));
const width = fc.oneof(fc.constant(''), fc.integer({ min: 1, max: 24 }).map(String));
const precision = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 0, max: 12 }).map((digits) => `.${digits}`),
);

/** A value's source and the conversion letters worth trying on it. */
const operand = fc.oneof(
  integers.map((value) => ({ source: integer(value), types: 'diuoxXeEfFgGrsac' })),
  floats.map((value) => ({ source: float(value), types: 'diueEfFgGrsa' })),
  texts.map((value) => ({ source: quoted(value), types: 'rsa' })),
  fc
    .constantFrom('True', 'False', 'None', '[1, 2.5]', "('a',)", "{'k': 1}")
    .map((source) => ({ source, types: 'rsad' })),
);

const conversion = operand.chain(({ source, types }) =>
  fc.tuple(flags, width, precision, fc.constantFrom(...types)).map(([flag, wide, digits, type]) => ({
    source,
    text: `%${flag}${wide}${digits}${type}`,
  })),
);

const percent = fc
  .tuple(fc.array(conversion, { minLength: 1, maxLength: 3 }), texts)
  .map(([parts, between]) => {
    const template = parts.map(({ text }) => text).join(between.replaceAll('%', '%%'));
    return `${quoted(template)} % (${parts.map(({ source }) => source).join(', ')},)`;
  });

const align = fc.constantFrom('', '<', '>', '^', '=', '*<', '*>', '0^', ' =', '漢>');
const sign = fc.constantFrom('', '', '+', '-', ' ');
const spec = (types: string, grouping: boolean): fc.Arbitrary<string> =>
  fc
    .tuple(
      align,
      sign,
      fc.constantFrom('', '', '#'),
      fc.constantFrom('', '', '0'),
      width,
      fc.constantFrom('', '', ...(grouping ? [',', '_'] : [])),
      precision,
      fc.constantFrom('', ...types),
    )
    .map((parts) => parts.join(''));

const formatted = fc.oneof(
  fc.tuple(integers.map(integer), spec('bcdoxXeEfFgG%n', true)),
  fc.tuple(floats.map(float), spec('eEfFgG%n', true)),
  fc.tuple(texts.map(quoted), spec('s', false)),
);
const named = formatted.map(
  ([source, text]) => `${quoted(`a{0:${text}}b{k!r}{{}}`)}.format(${source}, k=${source})`,
);
const literal = formatted
  .filter(([source]) => !/['"\\]/.test(source.slice(1, -1)))
  .map(([source, text]) => `f"<{${source.startsWith("'") ? source : `(${source})`}:${text}}>"`);

const sample = (kind: fc.Arbitrary<string>, count: number): string[] =>
  fc.sample(kind, { numRuns: count, seed: 20_260_730 });

test.skipIf(pythonAbsent !== undefined)('prints % formatting as Python does, in 2,200 cases', async () => {
  expect((await differences(engine, sample(percent, 2_200))).slice(0, 10)).toEqual([]);
});

test.skipIf(pythonAbsent !== undefined)('prints str.format as Python does, in 1,600 cases', async () => {
  expect((await differences(engine, sample(named, 1_600))).slice(0, 10)).toEqual([]);
});

test.skipIf(pythonAbsent !== undefined)('prints f-strings as Python does, in 1,600 cases', async () => {
  expect((await differences(engine, sample(literal, 1_600))).slice(0, 10)).toEqual([]);
});
