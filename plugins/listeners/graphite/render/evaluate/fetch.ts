import { byCodePoint } from '../series/python-text.ts';
import { newSeries, type Series, tagsOfName } from '../series/series.ts';
import { selectTagged } from '../tags/tag-index.ts';
import type { RenderContext } from './context.ts';

/** Series whose names a pattern matches, in order of their names; a name with tags names itself. */
export function fetchPattern(pattern: string, context: RenderContext): Series[] {
  if (pattern.includes(';')) return fetchNames([pattern], pattern, context);
  const names = context.reader.find(pattern).flatMap(({ path, isLeaf }) => (isLeaf ? [path] : []));
  return fetchNames(names, pattern, context);
}

/** Tagged series that all of the expressions (`tag=value`, `tag!=~regular expression` …) match, in order of their names. */
export function fetchTagged(expressions: readonly string[], context: RenderContext): Series[] {
  const names = selectTagged(context.reader.taggedNames(), expressions);
  return fetchNames(names, `seriesByTag(${expressions.map((one) => `'${one}'`).join(',')})`, context);
}

function fetchNames(names: string[], path: string, context: RenderContext): Series[] {
  const list: Series[] = [];
  for (const name of names.sort(byCodePoint)) {
    const fetched = context.reader.fetch(name, context.from, context.until, context.now);
    if (fetched === undefined) continue;
    context.budget.take(fetched.values.length);
    const { xFilesFactor } = context;
    list.push(newSeries({ name, path, xFilesFactor, tags: tagsOfName(name), ...fetched }));
  }
  return list;
}
