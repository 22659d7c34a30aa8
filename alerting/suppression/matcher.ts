import { OpsbroError } from '../../core/errors.ts';
import { compilePattern, type Pattern } from '../pattern/pattern.ts';
import type { CheckFacts, Matcher, MatchField, MatchOperator } from './model.ts';

const maxMatchers = 20;
const maxText = 512;
const cachedPatterns = 1000;
const states = ['pending', 'ok', 'warning', 'critical', 'unknown'];
const patterns = new Map<string, Pattern>();

const made = new WeakMap<readonly Matcher[], Test>();

/** Says whether a check fits every one of some matchers; of several names one is enough. */
export type Test = (check: CheckFacts) => boolean;
const written = /^\s*([^=!~\s]+)\s*(=~|!~|!=|=)\s*(.*?)\s*$/s;

/**
 * Reads matchers: `check=disk`, `pack!=linux`, `label.team=~"web|db"`, `state!~ok|warning`. A text without an operator is the name or id of a
 * check. Values may stand in double quotes, with backslash for `"` and itself. Throws OPSBRO_API_INVALID saying which is wrong and why.
 */
export function parseMatchers(texts: readonly string[]): Matcher[] {
  if (texts.length === 0)
    throw new OpsbroError('OPSBRO_API_INVALID', "no matcher is given; write one such as 'check=disks'");
  if (texts.length > maxMatchers)
    throw new OpsbroError('OPSBRO_API_INVALID', `more than ${maxMatchers} matchers are given`);
  return texts.map(parseMatcher);
}

function parseMatcher(text: string): Matcher {
  if (text.length > maxText)
    throw invalid(`${text.slice(0, 40)}…`, `it is longer than ${maxText} characters`);
  const [, name = '', operator, rest = ''] = written.exec(text) ?? [];
  if (operator === undefined) return { field: 'check', operator: '=', value: bareName(text) };
  const field = parseField(name, text);
  const value = unquote(rest, text);
  if (operator.endsWith('~')) compilePattern(value);
  else if (field === 'state' && !states.includes(value))
    throw invalid(text, `'${value}' is no state; the states are ${states.join(', ')}`);
  return { field, operator: operator as MatchOperator, value };
}

function bareName(text: string): string {
  const name = text.trim();
  if (name === '' || /[=!~"*]/.test(name))
    throw invalid(text, "write FIELD=VALUE, FIELD!=VALUE, FIELD=~PATTERN, FIELD!~PATTERN or a check's name");
  return name;
}

function parseField(name: string, text: string): MatchField {
  if (name === 'check' || name === 'pack' || name === 'state') return name;
  if (/^label\../.test(name)) return name as MatchField;
  throw invalid(text, `'${name}' is no field; the fields are check, pack, state and label.NAME`);
}

function unquote(value: string, text: string): string {
  if (!value.startsWith('"')) return value;
  const [, inner] = /^"((?:[^"\\]|\\.)*)"$/s.exec(value) ?? [];
  if (inner === undefined) throw invalid(text, 'its quotes are not closed at its end');
  return inner.replaceAll(/\\(["\\])/g, '$1');
}

function invalid(text: string, reason: string): OpsbroError {
  return new OpsbroError('OPSBRO_API_INVALID', `the matcher '${text}' cannot be used: ${reason}`);
}

/** True for a text that has no operator: the name or id of a check. */
export function isCheckName(text: string): boolean {
  return !written.test(text);
}

/** A matcher as a person writes it. */
export function matcherText({ field, operator, value }: Matcher): string {
  const isPlain = /^[^\s"\\]+$/.test(value);
  return `${field}${operator}${isPlain ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`}`;
}

/** True when a check fits every matcher, of several names one. `check` compares with its id and its name. */
export function matchesAll(matchers: readonly Matcher[], check: CheckFacts): boolean {
  return testOf(matchers)(check);
}

/** What matchers ask of a check: made once, for what is kept is asked of thousands of them. */
export function testOf(matchers: readonly Matcher[]): Test {
  let test = made.get(matchers);
  if (test === undefined) {
    const names = matchers.filter(isName);
    const others = matchers.filter((matcher) => !isName(matcher)).map(makeTest);
    // No check has two names.
    const tests = names.length === 0 ? others : [anyOf(names.map(makeTest)), ...others];
    const [only] = tests;
    test = only !== undefined && tests.length === 1 ? only : (check) => tests.every((each) => each(check));
    made.set(matchers, test);
  }
  return test;
}

function isName({ field, operator }: Matcher): boolean {
  return field === 'check' && operator === '=';
}

function anyOf(tests: Test[]): Test {
  const [only] = tests;
  return only !== undefined && tests.length === 1 ? only : (check) => tests.some((each) => each(check));
}

function makeTest({ field, operator, value }: Matcher): Test {
  const fits = operator.endsWith('~') ? patternOf(value) : equalTo(value);
  const isWanted = !operator.startsWith('!');
  if (field === 'check') return ({ id, name }) => (fits(id) || fits(name)) === isWanted;
  if (field === 'pack' || field === 'state') return (check) => fits(check[field]) === isWanted;
  const label = field.slice('label.'.length);
  return ({ labels }) => fits(Object.hasOwn(labels, label) ? (labels[label] ?? '') : '') === isWanted;
}

function equalTo(value: string): Pattern {
  const wanted = value.toLowerCase();
  // Only what is no ASCII then may have another length in lower case.
  if (Buffer.byteLength(wanted) === wanted.length)
    return (text) => text.length === wanted.length && text.toLowerCase() === wanted;
  return (text) => text.toLowerCase() === wanted;
}

function patternOf(source: string): Pattern {
  let pattern = patterns.get(source);
  if (pattern === undefined) {
    pattern = compilePattern(source);
    if (patterns.size >= cachedPatterns) patterns.clear();
    patterns.set(source, pattern);
  }
  return pattern;
}
