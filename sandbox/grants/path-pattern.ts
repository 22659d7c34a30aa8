import { any, covers, hidden, includesWord, matchesWord, parseWord, type Word } from './wildcard.ts';

/** Steps of one alternative; `null` stands for any number of steps. */
type Steps = readonly (Word | null)[];

/** Absolute paths: `*` and `?` within a step, `**` as a step for any number of them, also none, `{a,b}` for either. */
export interface PathPattern {
  text: string;
  alternatives: readonly Steps[];
}

const maxText = 1024;
const maxAlternatives = 64;
const maxExpanded = 8192;

/** Reads a pattern of paths. Throws an Error whose message continues `'<pattern>' `. */
export function parsePathPattern(text: string): PathPattern {
  if (!text.startsWith('/')) throw new Error('is no absolute path; begin it with /');
  if (text.length > maxText) throw new Error(`is over ${maxText} characters`);
  if (hidden.test(text)) throw new Error('contains a control character');
  const expanded = expandBraces(text);
  return { text, alternatives: expanded.map(parseSteps) };
}

/** Whether a normalised absolute path is one that the pattern stands for. */
export function matchesPath(pattern: PathPattern, path: string): boolean {
  return matchesSteps(pattern, stepsOf(path));
}

/** The same for a path that was cut into its steps. */
export function matchesSteps({ alternatives }: PathPattern, steps: readonly string[]): boolean {
  return alternatives.some((own) =>
    covers(
      own,
      steps,
      (item) => item === null,
      (item, step) => matchesWord(item as Word, step),
    ),
  );
}

/** Whether every path of `inner` is one of `outer`. May miss one that is, never claims one that is not. */
export function includesPath(outer: PathPattern, inner: PathPattern): boolean {
  return inner.alternatives.every((wanted) =>
    outer.alternatives.some((own) =>
      covers(
        own,
        wanted,
        (item) => item === null,
        (item, step) => step !== null && includesWord(item as Word, step),
      ),
    ),
  );
}

/** The steps of an absolute path; `/` has none. */
export function stepsOf(path: string): string[] {
  return path === '/' ? [] : path.slice(1).split('/');
}

function parseSteps(path: string): Steps {
  const steps = stepsOf(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);
  return steps.map((step) => {
    if (step === '') throw new Error("contains '//'; write one");
    if (step === '.' || step === '..')
      throw new Error(`contains the step '${step}'; write the path that it leads to`);
    if (step === any) return null;
    if (step.includes(any))
      throw new Error("contains '**' inside a step; write it as a step of its own: /a/**/b");
    return parseWord(step, '*?');
  });
}

/** Every text that is meant by one with `{a,b}`, nested or not. */
function expandBraces(text: string): string[] {
  let pending = [text];
  const done: string[] = [];
  let size = 0;
  while (pending.length > 0) {
    const [next = '', ...rest] = pending;
    const choice = firstChoice(next);
    pending = choice === undefined ? rest : [...choice, ...rest];
    if (choice === undefined) {
      done.push(next);
      size += next.length;
    }
    if (done.length + pending.length > maxAlternatives || size > maxExpanded)
      throw new Error(`stands for more than ${maxAlternatives} paths; write fewer {a,b}`);
  }
  return done;
}

/** The texts for the first `{a,b}` of a text; undefined when it has none. */
function firstChoice(text: string): string[] | undefined {
  const open = text.indexOf('{');
  const close = text.indexOf('}');
  if (open === -1 && close === -1) return undefined;
  if (open === -1 || close < open) throw new Error("contains a '{' or '}' without its other half");
  const cuts = [open];
  for (let index = open + 1, depth = 1; index < text.length; index += 1) {
    if (text[index] === '{') depth += 1;
    else if (text[index] === '}') depth -= 1;
    if (depth === 0 || (depth === 1 && text[index] === ',')) cuts.push(index);
    if (depth === 0) {
      const [before, after] = [text.slice(0, open), text.slice(index + 1)];
      return cuts.slice(1).map((cut, part) => before + text.slice((cuts[part] ?? 0) + 1, cut) + after);
    }
  }
  throw new Error("contains a '{' or '}' without its other half");
}
