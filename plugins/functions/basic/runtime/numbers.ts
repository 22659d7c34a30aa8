import type { PyValue } from 'opsbro/sdk';
import {
  bounded,
  DictValue,
  equal,
  LIMIT,
  length,
  MissingValue,
  numeric,
  raise,
  SetValue,
  TupleValue,
  typeName,
} from './values.ts';

const BIG_BITS = 4_096n;

/** An exact integer: a number within ±2^53, a bigint outside, an error when absurdly large. */
export function integer(value: bigint): number | bigint {
  const small = Number(value);
  if (Number.isSafeInteger(small)) return small;
  if (Math.abs(small) > 1e300 && BigInt.asIntN(Number(BIG_BITS), value) !== value)
    raise('limit', 'an integer is over 4096 bits');
  return value;
}

const isInteger = (value: number | bigint): boolean =>
  typeof value === 'bigint' || Number.isSafeInteger(value);

type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**' | '|' | '&' | '^' | '<<' | '>>';

function unsupported(operator: string, left: PyValue, right: PyValue): never {
  return raise(
    'type',
    `unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`,
  );
}

/** Integer result where both are integers, exact whatever its size; float otherwise. */
function exact(
  a: number | bigint,
  b: number | bigint,
  float: number,
  whole: (a: bigint, b: bigint) => bigint,
): number | bigint {
  if (!isInteger(a) || !isInteger(b) || Number.isSafeInteger(float)) return float + 0;
  return integer(whole(BigInt(a), BigInt(b)));
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

function modulo(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === 'bigint' || typeof b === 'bigint') {
    if (isInteger(a) && isInteger(b))
      return integer(BigInt(a) - floorDivide(BigInt(a), BigInt(b)) * BigInt(b));
  }
  const x = Number(a);
  const y = Number(b);
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest + 0;
}

function power(a: number | bigint, b: number | bigint): number | bigint {
  if (isInteger(a) && isInteger(b) && Number(b) >= 0) {
    const float = Number(a) ** Number(b);
    if (Number.isSafeInteger(float)) return float;
    if (Math.abs(Number(a)) > 1 && Math.log2(Math.abs(Number(a))) * Number(b) > Number(BIG_BITS))
      raise('limit', 'an integer is over 4096 bits');
    return integer(BigInt(a) ** BigInt(b));
  }
  if (Number(a) === 0 && Number(b) < 0) raise('value', '0.0 cannot be raised to a negative power');
  if (Number(a) < 0 && !Number.isInteger(Number(b)))
    raise('type', 'a negative number raised to a fraction is not a real number');
  return finite(Number(a) ** Number(b), a, b);
}

function finite(result: number, a: number | bigint, b: number | bigint): number {
  if (!Number.isFinite(result) && Number.isFinite(Number(a)) && Number.isFinite(Number(b)))
    raise('value', 'a number is too large for a float');
  return result;
}

function calculate(operator: Operator, a: number | bigint, b: number | bigint): number | bigint {
  const x = Number(a);
  const y = Number(b);
  switch (operator) {
    case '+':
      return exact(a, b, x + y, (p, q) => p + q);
    case '-':
      return exact(a, b, x - y, (p, q) => p - q);
    case '*':
      return exact(a, b, x * y, (p, q) => p * q);
    case '**':
      return power(a, b);
    case '/':
    case '//':
    case '%':
      if (y === 0)
        raise('value', operator === '/' ? 'division by zero' : 'integer division or modulo by zero');
      if (operator === '%') return modulo(a, b);
      if (operator === '/') return finite(x / y, a, b);
      if (isInteger(a) && isInteger(b)) return integer(floorDivide(BigInt(a), BigInt(b)));
      return Math.round((x - Number(modulo(x, y))) / y) + 0;
    default:
      return bits(operator, a, b);
  }
}

function bits(operator: Operator, a: number | bigint, b: number | bigint): number | bigint {
  if (!isInteger(a) || !isInteger(b)) return unsupported(operator, a, b);
  const x = BigInt(a);
  const y = BigInt(b);
  if (operator === '&') return integer(x & y);
  if (operator === '|') return integer(x | y);
  if (operator === '^') return integer(x ^ y);
  if (y < 0n) raise('value', 'negative shift count');
  if (operator === '<<' && y > BIG_BITS) raise('limit', 'an integer is over 4096 bits');
  return integer(operator === '<<' ? x << y : x >> (y > BIG_BITS ? BIG_BITS : y));
}

/** A binary operator on any two values but text formatting; a missing operand makes the result that missing value. */
export function binary(operator: Operator, left: PyValue, right: PyValue): PyValue {
  if (left instanceof MissingValue) return left;
  if (right instanceof MissingValue) return right;
  const a = numeric(left);
  const b = numeric(right);
  if (a !== undefined && b !== undefined) {
    const result = calculate(operator, a, b);
    const logical =
      typeof left === 'boolean' &&
      typeof right === 'boolean' &&
      (operator === '&' || operator === '|' || operator === '^');
    return logical ? result !== 0 : result;
  }
  if (operator === '+') return concatenate(left, right);
  if (operator === '*') {
    if (a !== undefined) return repeat(right, a, left);
    if (b !== undefined) return repeat(left, b, right);
  }
  if (left instanceof SetValue && right instanceof SetValue) return combine(operator, left, right);
  if (operator === '|' && left instanceof DictValue && right instanceof DictValue)
    return new DictValue([...left.entries(), ...right.entries()]);
  return unsupported(operator, left, right);
}

function concatenate(left: PyValue, right: PyValue): PyValue {
  if (typeof left === 'string' && typeof right === 'string') return bounded(left + right);
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (left instanceof TupleValue && right instanceof TupleValue)
    return new TupleValue([...left.items, ...right.items]);
  if (typeof left === 'string')
    return raise('type', `can only concatenate str (not "${typeName(right)}") to str`);
  return unsupported('+', left, right);
}

function repeat(sequence: PyValue, times: number | bigint, other: PyValue): PyValue {
  if (typeof sequence !== 'string' && !Array.isArray(sequence) && !(sequence instanceof TupleValue))
    return unsupported('*', sequence, other);
  if (!isInteger(times)) raise('type', `can't multiply sequence by non-int of type '${typeName(times)}'`);
  const count = Math.max(0, Number(times));
  const size = typeof sequence === 'string' ? sequence.length : length(sequence);
  if (size * count > LIMIT)
    raise('limit', `a result of ${size * count} elements is over the limit of ${LIMIT}`);
  if (typeof sequence === 'string') return sequence.repeat(count);
  const items = Array.isArray(sequence) ? sequence : sequence.items;
  const list = Array.from({ length: count }, () => items).flat() as PyValue[];
  return Array.isArray(sequence) ? list : new TupleValue(list);
}

function combine(operator: string, left: SetValue, right: SetValue): PyValue {
  const mine = left.values();
  if (operator === '|') return new SetValue([...mine, ...right.values()]);
  if (operator === '&') return new SetValue(mine.filter((item) => right.has(item)));
  if (operator === '-') return new SetValue(mine.filter((item) => !right.has(item)));
  if (operator === '^')
    return new SetValue([
      ...mine.filter((item) => !right.has(item)),
      ...right.values().filter((item) => !left.has(item)),
    ]);
  return unsupported(operator, left, right);
}

/** Unary `-`, `+` and `~`. */
export function unary(operator: '-' | '+' | '~', value: PyValue): PyValue {
  if (value instanceof MissingValue) return value;
  const number = numeric(value);
  if (number === undefined || (operator === '~' && !isInteger(number))) {
    return raise('type', `bad operand type for unary ${operator}: '${typeName(value)}'`);
  }
  if (operator === '~') return integer(~BigInt(number));
  if (operator === '+') return number;
  return typeof number === 'bigint' ? integer(-number) : 0 - number;
}

/** `item in container`. */
export function contains(item: PyValue, container: PyValue): boolean {
  if (container instanceof MissingValue) throw container;
  if (item instanceof MissingValue) throw item;
  if (typeof container === 'string') {
    if (typeof item !== 'string')
      raise('type', `'in <string>' requires string as left operand, not ${typeName(item)}`);
    return container.includes(item as string);
  }
  if (container instanceof DictValue || container instanceof SetValue) return container.has(item);
  const items = Array.isArray(container)
    ? container
    : container instanceof TupleValue
      ? container.items
      : undefined;
  if (items === undefined) return raise('type', `argument of type '${typeName(container)}' is not iterable`);
  return items.some((element) => equal(element, item));
}
