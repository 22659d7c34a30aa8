import { Expression } from '../grammar/expression.ts';
import { TargetError } from '../grammar/target.ts';
import { tagsOfName, tagValue } from '../series/series.ts';

/** Tags of a series, its name as the tag `name`. */
type Tags = Readonly<Record<string, string>>;

const known = new WeakMap<readonly string[], readonly Tags[]>();

/** The tags of each name. They are kept for as long as the array of names is the same one. */
export function tagsOf(names: readonly string[]): readonly Tags[] {
  const kept = known.get(names);
  if (kept !== undefined) return kept;
  const tags = names.map(tagsOfName);
  known.set(names, tags);
  return tags;
}

/**
 * The names that all expressions match: `tag=value`, `tag!=value`, `tag=~start of a regular expression` and `tag!=~…`. A series without the tag
 * has it empty. Throws a TargetError where an expression cannot be read, or none asks for a value that is not empty.
 */
export function selectTagged(names: readonly string[], expressions: readonly string[]): string[] {
  const tests = expressions.map(tagTest);
  if (!tests.some(({ demands }) => demands))
    throw new TargetError('at least one tag must be asked for by a value that is not empty');
  const tags = tagsOf(names);
  let chosen = names.map((_, index) => index);
  for (const { tag, choose } of tests) {
    const fits = choose(chosen.map((index) => tagValue(tags[index]!, tag)));
    chosen = chosen.filter((_, place) => fits[place]);
  }
  return chosen.map((index) => names[index]!);
}

interface TagTest {
  tag: string;
  /** It keeps out series that do not have the tag. */
  demands: boolean;
  choose(values: string[]): boolean[];
}

function tagTest(text: string): TagTest {
  const found = /^([^=!~;]+)(=~|!=~|!=|=)(.*)$/s.exec(text.trim());
  if (found === null)
    throw new TargetError(
      `'${text}' is no tag expression; write tag=value, tag!=value, tag=~regexp or tag!=~regexp`,
    );
  const [, tag = '', operator, value = ''] = found;
  switch (operator) {
    case '=':
      return { tag, demands: value !== '', choose: (values) => values.map((one) => one === value) };
    case '!=':
      return { tag, demands: value === '', choose: (values) => values.map((one) => one !== value) };
    default: {
      const expression = new Expression(value, { anchored: true });
      const isEmptyFine = expression.test([''])[0] === true;
      if (operator === '=~')
        return { tag, demands: !isEmptyFine, choose: (values) => expression.test(values) };
      return { tag, demands: isEmptyFine, choose: (values) => expression.test(values).map((one) => !one) };
    }
  }
}
