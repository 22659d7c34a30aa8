/** A line's dashes and key, and its value. */
const parts = /^\s*((?:- +)*(?:[\w.-]+: +)?)(\S.*?)\s*$/;
const placeholder = /\{\{?\s*(?:collectors?|parameters|configuration|variables)\./;
/** Keys of expressions; whatever else needs quotes is told by its value. */
const expressionKey = /(?:_if|_output): +$/;
/** What YAML reads as its own syntax at the start of a value, and a mapping inside of one. */
const syntax = /^(?:[{[*&!|>?-]|"[^"]*".|'[^']*'.)/;
const reserved = /^[%@`]|^[^{["'].*: /;

/**
 * What to write instead of a line whose value is an expression that YAML reads as something else, as a part of a message, and the
 * column of that value; undefined for other lines.
 */
export function quotingAdvice(line: string): { advice: string; column: number } | undefined {
  const [, key = '', value = ''] = parts.exec(line) ?? [];
  const isExpression = expressionKey.test(key) || placeholder.test(value);
  if (key === '' || !(reserved.test(value) || (isExpression && syntax.test(value)))) return undefined;
  const quoted = /["\\]/.test(value) ? `'${value.replaceAll("'", "''")}'` : `"${value}"`;
  return { advice: `; put the value in quotes: ${key}${quoted}`, column: line.lastIndexOf(value) + 1 };
}
