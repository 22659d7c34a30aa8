import type { GuestFacts, PythonRuntime, PyValue } from 'opsbro/sdk';
import { format } from './format.ts';
import { binary } from './numbers.ts';
import { repr, str } from './text.ts';
import {
  bounded,
  compare,
  DictValue,
  equal,
  iterate,
  length,
  MissingValue,
  numeric,
  raise,
  SetValue,
  TupleValue,
  truthy,
  typeName,
} from './values.ts';

/** What changes between batches: facts, and the state of the random sequence. */
export interface GuestState {
  facts: GuestFacts;
  seed: number;
  /** Which evaluation runs; the random sequence starts over with each. */
  evaluation(): number;
}

/** The runtime that guest functions get as their first argument. */
export function createRuntime(state: GuestState): PythonRuntime {
  let sequence = 0;
  let evaluation = -1;
  return {
    format,
    str,
    repr: (value) => repr(value),
    typeName,
    truthy,
    equal,
    compare: (left, right) => compare(left, right) ?? 0,
    add: (left, right) => binary('+', left, right),
    iterate,
    length,
    number: (value, what) => Number(numeric(value) ?? wrong(value, what, 'a number')),
    integer: (value, what) => {
      const number = numeric(value);
      return typeof number === 'number' && Number.isSafeInteger(number)
        ? number
        : wrong(value, what, 'a whole number');
    },
    text: (value, what) => (typeof value === 'string' ? value : wrong(value, what, 'a text')),
    bounded,
    tuple: (items) => new TupleValue(items),
    set: (items) => new SetValue(items),
    dict: (entries) => new DictValue(entries),
    isTuple: (value) => value instanceof TupleValue,
    isSet: (value) => value instanceof SetValue,
    isDict: (value) => value instanceof DictValue,
    isMissing: (value) => value instanceof MissingValue,
    missing: new MissingValue('missing'),
    raise,
    random: () => {
      if (evaluation !== state.evaluation()) {
        evaluation = state.evaluation();
        sequence = state.seed;
      }
      // mulberry32: small, and the same sequence for the same seed.
      sequence = (sequence + 0x6d2b79f5) | 0;
      let mixed = Math.imul(sequence ^ (sequence >>> 15), 1 | sequence);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
    get facts() {
      return state.facts;
    },
  };
}

function wrong(value: PyValue, what: string, expected: string): never {
  if (value instanceof MissingValue) throw value;
  return raise('type', `${what} expects ${expected}, got ${typeName(value)}`);
}
