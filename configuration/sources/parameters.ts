import type { Json, JsonObject, Manifest } from 'opsbro/sdk';
import { nearest } from '../../language/nearest.ts';
import type { Diagnostic } from '../model.ts';
import { parseDuration, parseSize } from './duration.ts';
import { Findings } from './findings.ts';
import { isMapping, type RawObject } from './split.ts';
import { found, typeName, validate } from './validate.ts';

/** What a pack's parameters are checked against. */
export interface ParameterScope {
  /** The parameters that the file is laid over. */
  below: JsonObject;
  /** Plugins of the pack's name: their options are parameters of the pack too. */
  namesakes: readonly Manifest[];
  /** Objects of the pack: what their texts name is no misspelling. */
  objects: readonly RawObject[];
}

/**
 * What is wrong with a `parameters.yml`: a value of another type than the one it replaces or than the option it sets (an error), and
 * a new key that is near to a known one (a warning). Other new keys are the pack's own affair.
 */
export function checkParameters(raw: RawObject, scope: ParameterScope): Diagnostic[] {
  const check = new ParameterCheck(raw, scope);
  check.options();
  check.mapping(raw.value, scope.below, []);
  return check.findings.list;
}

const partial = new WeakMap<object, JsonObject>();

class ParameterCheck {
  readonly findings = new Findings();
  private readonly raw: RawObject;
  private readonly scope: ParameterScope;
  private readonly optionNames = new Set(['enabled', 'enabled_if_group']);

  constructor(raw: RawObject, scope: ParameterScope) {
    this.raw = raw;
    this.scope = scope;
  }

  options(): void {
    for (const { kind, name, options } of this.scope.namesakes) {
      if (!isMapping(options) || !isMapping(options.properties)) continue;
      const names = Object.keys(options.properties);
      for (const each of names) this.optionNames.add(each);
      const set = names.filter((key) => isSet(this.raw.value[key]));
      const given = Object.fromEntries(set.map((key) => [key, this.raw.value[key] as Json]));
      for (const { code, message, path, of } of validate(schemaOf(options), given, `${kind}/${name}`))
        if (code !== 'OPSBRO_CONFIG_MISSING_KEY')
          this.findings.error(code, message, this.raw.locate(path, of));
    }
  }

  mapping(over: JsonObject, below: JsonObject, path: string[]): void {
    const isTop = path.length === 0;
    for (const [key, value] of Object.entries(over)) {
      const steps = [...path, key];
      const before = Object.hasOwn(below, key) ? below[key] : undefined;
      if (before !== undefined && isMapping(before) && isMapping(value)) this.mapping(value, before, steps);
      else if (isTop && this.optionNames.has(key)) continue;
      else if (before !== undefined) this.type(value, before, steps);
      else if (Object.keys(below).length > 0)
        this.fresh(steps, [...Object.keys(below), ...(isTop ? this.optionNames : [])], over);
    }
  }

  private type(value: Json, before: Json, path: string[]): void {
    const expected = typeName(before);
    const isQuantity = parseDuration(before) !== undefined || parseSize(before) !== undefined;
    if (!isSet(value) || !isSet(before) || typeName(value) === expected) return;
    if (typeof before === 'string' && typeof value === 'number' && isQuantity) return;
    const such = typeof before === 'object' ? '' : ` such as the ${JSON.stringify(before)} it replaces`;
    const message = `'${path.join('.')}' is ${found(value)}, expected ${expected}${such}`;
    this.findings.error('OPSBRO_CONFIG_TYPE', message, this.raw.locate(path, 'value'));
  }

  private fresh(path: string[], known: string[], given: JsonObject): void {
    const key = path.at(-1) as string;
    const near = nearest(key, known);
    const name = path.join('.');
    if (near === undefined || Object.hasOwn(given, near) || this.isNamed(name)) return;
    const meant = [...path.slice(0, -1), near].join('.');
    const message = `the parameter '${name}' is new in the pack ${this.raw.pack} and nothing names it; did you mean '${meant}'?`;
    this.findings.warning('OPSBRO_CONFIG_UNKNOWN_KEY', message, this.raw.locate(path, 'key'));
  }

  private isNamed(name: string): boolean {
    // Whole names alone: 'warnin' is in every 'warning'.
    const named = new RegExp(`parameters\\.${name.replaceAll(/[^\w-]/g, '\\$&')}(?![\\w-])`);
    return this.scope.objects.some(({ value }) => named.test(JSON.stringify(value)));
  }
}

/** One a manifest, so that it is compiled once. What is required may come from a file below. */
function schemaOf(options: JsonObject): JsonObject {
  const schema = partial.get(options) ?? { type: 'object', properties: options.properties as JsonObject };
  partial.set(options, schema);
  return schema;
}

function isSet(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== '';
}
