import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyTree, resultLimits, stateLimits } from '../../../threads/context/tree.ts';

function refusal(value: unknown, limits = resultLimits): { code: unknown; message: string } {
  try {
    copyTree(value, limits);
  } catch (thrown) {
    return { code: (thrown as { code: unknown }).code, message: (thrown as Error).message };
  }
  throw new Error('nothing was refused');
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { a: nested(depth - 1) };
}

const cycle: { a: { back?: unknown } } = { a: {} };
cycle.a.back = cycle;

describe('copyTree', () => {
  it('copies plain data unchanged', () => {
    const isData = (value: unknown): boolean => JSON.stringify(value) !== undefined;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }).filter(isData), (value) => {
        expect(JSON.stringify(copyTree(value, resultLimits).value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it.each([
    ['a cycle', cycle, "'a.back' is a cycle"],
    ['a function', { cpu: { read: () => 1 } }, "'cpu.read' is a function"],
    ['a symbol', { list: [1, Symbol('s')] }, "'list.1' is a symbol"],
    ['a bigint', { big: 1n }, "'big' is a bigint"],
    ['a date', { at: new Date(0) }, "'at' is an instance of Date"],
    ['a map', new Map(), 'the value itself is an instance of Map'],
    ['a typed array', { raw: new Uint8Array(2) }, "'raw' is an instance of Uint8Array"],
    ['33 levels', nested(33), 'deeper than 32 levels'],
    ['20,001 values', Array.from({ length: 20_001 }, () => 1), 'a list of 20001 values'],
    [
      '20,001 values in two lists',
      [new Array(10_001).fill(1), new Array(10_000).fill(1)],
      'more than 20000 values',
    ],
    ['a list with a huge length', { list: new Array(4e9) }, "'list' is a list of 4000000000 values"],
    ['a long string', { text: 'é'.repeat(32 * 1024 + 1) }, "'text' is a string over 65536 bytes"],
    ['a long key', { ['k'.repeat(70_000)]: 1 }, 'a string over 65536 bytes'],
    ['over 4 MiB', new Array(70).fill('x'.repeat(64 * 1024)), 'more than 4194304 bytes'],
    [
      'a getter that throws',
      {
        get a() {
          throw new Error('no');
        },
      },
      'a value that cannot be read',
    ],
    [
      'a proxy that throws',
      {
        p: new Proxy(
          {},
          {
            ownKeys() {
              throw new Error('no');
            },
          },
        ),
      },
      "'p' is a value that cannot be read",
    ],
  ])('refuses %s and says where', (_, value, message) => {
    const found = refusal(value);
    expect(found.code).toBe('OPSBRO_PLUGIN_RESULT');
    expect(found.message).toContain(message);
  });

  it('takes exactly what the limits allow', () => {
    expect(copyTree(nested(32), resultLimits).dropped).toBe(0);
    expect(copyTree(new Array(20_000).fill(1), resultLimits).dropped).toBe(0);
    expect(copyTree({ text: 'x'.repeat(64 * 1024) }, resultLimits).dropped).toBe(0);
  });

  it('takes the same object twice, which is no cycle', () => {
    const shared = { a: 1 };
    expect(copyTree([shared, shared], resultLimits).value).toEqual([{ a: 1 }, { a: 1 }]);
  });

  it('leaves numbers out that are not finite, and counts them', () => {
    const copy = copyTree({ a: Number.NaN, b: [1, Number.NEGATIVE_INFINITY], c: undefined }, resultLimits);
    expect(copy).toMatchObject({ value: { b: [1, null] }, dropped: 2 });
  });

  it('refuses numbers that are not finite in a state', () => {
    expect(refusal({ rate: Number.NaN }, stateLimits)).toMatchObject({
      code: 'OPSBRO_PLUGIN_STATE',
      message: expect.stringContaining("'rate' is NaN"),
    });
  });

  it('keeps keys such as __proto__ as data only', () => {
    const hostile: unknown = JSON.parse(
      '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}',
    );
    const { value } = copyTree(hostile, resultLimits);
    expect(JSON.stringify(value)).toBe(JSON.stringify(hostile));
    expect(Object.keys(structuredClone(value) as object)).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
