import type { PyValue } from 'opsbro/sdk';
import { convert, format } from './format.ts';
import type { Lenient } from './percent.ts';
import { quote, str } from './text.ts';
import { bounded, DictValue, MissingValue, raise, TupleValue, typeName } from './values.ts';

/** Python's `template.format(*args, **named)`. */
export function formatFields(
  template: string,
  args: readonly PyValue[],
  named: DictValue,
  lenient: Lenient,
): string {
  let automatic = 0;
  let result = '';
  const fields = /\{\{|\}\}|\{((?:[^{}]|\{[^{}]*\})*)\}|[{}]/gsu;
  let end = 0;
  for (const match of template.matchAll(fields)) {
    result += template.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[0] === '{{' || match[0] === '}}') {
      result += match[0][0];
      continue;
    }
    if (match[1] === undefined) raise('value', `single '${match[0]}' encountered in format string`);
    const [, name, path, conversion, spec] =
      /^([^!:[.]*)((?:\[[^\]]*\])*)(?:!(.))?(?::(.*))?$/su.exec(match[1] as string) ??
      raise('value', `cannot read the format field ${quote(match[0])}`);
    let value = pick(name as string, args, named, () => automatic++);
    for (const step of (path as string).matchAll(/\[([^\]]*)\]/g)) value = descend(value, step[1] as string);
    const inner = (spec ?? '').replace(/\{([^{}]*)\}/gsu, (_, field: string) =>
      str(pick(field, args, named, () => automatic++)),
    );
    result += formatOne(value, conversion ?? '', inner, lenient);
    bounded(result);
  }
  return result + template.slice(end);
}

/** One field of an f-string or of `str.format`. */
export function formatOne(value: PyValue, conversion: string, spec: string, lenient: Lenient): string {
  if (value instanceof MissingValue && lenient !== null) {
    lenient(value);
    return '?';
  }
  return format(convert(value, conversion), spec);
}

function pick(name: string, args: readonly PyValue[], named: DictValue, automatic: () => number): PyValue {
  if (name === '' || /^\d+$/.test(name)) {
    const index = name === '' ? automatic() : Number(name);
    if (index >= args.length)
      raise('value', `replacement index ${index} out of range for positional args tuple`);
    return args[index] as PyValue;
  }
  return named.get(name) ?? (named.has(name) ? null : raise('value', `KeyError: ${quote(name)}`));
}

function descend(value: PyValue, step: string): PyValue {
  const items = value instanceof TupleValue ? value.items : value;
  if (Array.isArray(items))
    return (items as PyValue[])[Number(step)] ?? raise('value', 'list index out of range');
  if (value instanceof DictValue) return value.get(step) ?? raise('value', `KeyError: ${quote(step)}`);
  return raise('type', `'${typeName(value)}' object is not subscriptable`);
}
