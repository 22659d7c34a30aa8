const special = /[*?[{]/;
const maxAlternatives = 1000;

/** Whether a step, or a whole pattern, has a wildcard. */
export function isPattern(text: string): boolean {
  return special.test(text);
}

/** A test of one step of a name by one step of a pattern. Both take the step's text without dots. */
export type StepMatcher = (step: string) => boolean;

/** Splits a pattern at the dots that are not inside braces. */
export function patternSteps(pattern: string): string[] {
  return splitOutsideBraces(pattern, '.');
}

/** What tests a step: `*`, `?`, `[0-9]`, `[!a]` and `{a,b}`, whose parts may have wildcards themselves. */
export function stepMatcher(step: string): StepMatcher {
  if (step === '*') return () => true;
  if (!special.test(step)) return (text) => text === step;
  const globs = alternatives(step).map(parseGlob);
  return (text) => globs.some((glob) => matches(glob, text));
}

/** The texts that a step with braces stands for, from left to right; at most 1,000. */
export function alternatives(text: string): string[] {
  const open = text.indexOf('{');
  const close = open === -1 ? -1 : closingBrace(text, open);
  if (close === -1) return [text];
  const before = text.slice(0, open);
  const tails = alternatives(text.slice(close + 1));
  const found: string[] = [];
  for (const part of splitOutsideBraces(text.slice(open + 1, close), ','))
    for (const middle of alternatives(part))
      for (const tail of tails) {
        if (found.length === maxAlternatives) return found;
        found.push(before + middle + tail);
      }
  return found;
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index += 1) {
    if (text[index] === '{') depth += 1;
    else if (text[index] === '}') {
      depth -= 1;
      if (depth === 0) return index;
    }
  }
  return -1;
}

function splitOutsideBraces(text: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '{') depth += 1;
    else if (character === '}') depth -= 1;
    else if (character === separator && depth <= 0) {
      parts.push(text.slice(from, index));
      from = index + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/** What one character must be, or any text. */
type Token = 'any' | { fits(character: string): boolean };

function parseGlob(text: string): Token[] {
  const tokens: Token[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]!;
    const end = character === '[' ? text.indexOf(']', text[index + 1] === '!' ? index + 3 : index + 2) : -1;
    if (character === '*') {
      if (tokens.at(-1) !== 'any') tokens.push('any');
    } else if (character === '?') tokens.push({ fits: () => true });
    else if (end !== -1) {
      tokens.push({ fits: characterSet(text.slice(index + 1, end)) });
      index = end;
    } else tokens.push({ fits: (other) => other === character });
  }
  return tokens;
}

function characterSet(text: string): (character: string) => boolean {
  const isNegated = text.startsWith('!');
  const members = isNegated ? text.slice(1) : text;
  const ranges: [string, string][] = [];
  for (let index = 0; index < members.length; index += 1) {
    const isRange = members[index + 1] === '-' && index + 2 < members.length;
    ranges.push([members[index]!, members[isRange ? index + 2 : index]!]);
    if (isRange) index += 2;
  }
  return (character) => ranges.some(([least, most]) => character >= least && character <= most) !== isNegated;
}

/**
 * Whether a text is what the tokens say. Where it is not, the last `*` takes one character more: earlier ones need never be tried again, so
 * that no pattern takes longer than its length times the text's.
 */
function matches(tokens: readonly Token[], text: string): boolean {
  let [token, at] = [0, 0];
  let [star, starAt] = [-1, 0];
  while (at < text.length) {
    const next = tokens[token];
    if (next === 'any') {
      star = token;
      starAt = at;
      token += 1;
    } else if (next?.fits(text[at]!) === true) {
      token += 1;
      at += 1;
    } else if (star !== -1) {
      token = star + 1;
      starAt += 1;
      at = starAt;
    } else return false;
  }
  while (tokens[token] === 'any') token += 1;
  return token === tokens.length;
}
