import type { JsonObject } from 'opsbro/sdk';
import type { RawObject } from './split.ts';

/** Spellings of one key: who writes one, replaces the others. */
const spellings = ['enabled enable', 'add_groups groups tags', 'if_group apply_on enabled_if_group'].map(
  (names) => names.split(' '),
);
/** Who names another plugin or command writes another object. */
const natures = ['use', 'type', 'script'];
/** What may change under the tests of a check without making them wrong. */
const harmless = new Set([
  ...'id enabled enable interval timeout if_group apply_on handlers attempts display_name notes'.split(' '),
  ...'retry_interval for volatile flapping on_missing depends_on dependency_wait'.split(' '),
  ...'labels runbook mode escalation nice run_as environment output_limit'.split(' '),
]);
const merged = new WeakMap<RawObject, { below: RawObject; raw: RawObject }>();

/**
 * One object of its layers, the earliest directory first: each key is the latest layer's that writes it, and a key set to null is
 * taken out. A layer that names another plugin or script replaces those below it. The same layers give the same object, so that
 * what is remembered of it stays valid.
 */
export function overlay(layers: readonly RawObject[]): RawObject | undefined {
  return layers.slice(1).reduce((below, over) => lay(below as RawObject, over), layers[0]);
}

function lay(below: RawObject, over: RawObject): RawObject {
  const known = merged.get(over);
  if (known?.below === below) return known.raw;
  const isOther = natures.some(
    (key) => Object.hasOwn(over.value, key) && over.value[key] !== below.value[key],
  );
  const inherited = isOther ? {} : inheritedKeys(below.value, over.value);
  const own = isOther ? over.value : withoutNulls(over.value);
  const raw: RawObject = {
    ...over,
    value: { ...inherited, ...own },
    tests: Object.hasOwn(inherited, 'tests') ? below.tests : over.tests,
    inherited: new Set(Object.keys(inherited).filter((key) => below.inherited?.has(key) ?? true)),
    locate: (path, of, offset) =>
      Object.hasOwn(inherited, path[0] ?? '')
        ? below.locate(path, of, offset)
        : over.locate(path, of, offset),
  };
  merged.set(over, { below, raw });
  return raw;
}

function inheritedKeys(below: JsonObject, over: JsonObject): JsonObject {
  const given = Object.keys(over);
  const replaced = new Set([
    ...given,
    ...spellings.filter((names) => names.some((name) => given.includes(name))).flat(),
    ...(given.every((key) => harmless.has(key)) ? [] : ['tests']),
  ]);
  return Object.fromEntries(Object.entries(below).filter(([key]) => !replaced.has(key)));
}

function withoutNulls(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null));
}
