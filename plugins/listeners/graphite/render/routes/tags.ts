import type { Json, RouteReply } from 'opsbro/sdk';
import { Expression } from '../grammar/expression.ts';
import { TargetError } from '../grammar/target.ts';
import { byCodePoint } from '../series/python-text.ts';
import { selectTagged, tagsOf } from '../tags/tag-index.ts';
import type { Fields } from './fields.ts';
import type { QueryParts } from './queries.ts';

const usualLimit = 100;
const maxLimit = 10_000;

/** Answers `/tags`: every tag, or those that the regular expression `filter` finds. */
export function answerTags(fields: Fields, { reader }: QueryParts): RouteReply {
  const tags = counted(tagsOf(reader.taggedNames()).flatMap((tags) => Object.keys(tags)));
  return reply(chosen([...tags.keys()], fields).map((tag) => ({ tag })));
}

/** Answers `/tags/:tag`: its values, and how many series have each. */
export function answerTag(tag: string, fields: Fields, { reader }: QueryParts): RouteReply {
  const values = counted(tagsOf(reader.taggedNames()).flatMap((tags) => valuesOf(tags, tag)));
  if (values.size === 0) return { status: 404, body: null };
  const list = chosen([...values.keys()], fields).map((value) => ({ value, count: values.get(value)! }));
  return reply({ tag, values: list });
}

/** Answers `/tags/findSeries`: names that all expressions `expr` match. */
export function answerFindSeries(fields: Fields, { reader }: QueryParts): RouteReply {
  const expressions = fields.all('expr');
  if (expressions.length === 0) throw new TargetError("'expr' is missing; write one such as name=cpu");
  return reply(selectTagged(reader.taggedNames(), expressions).sort(byCodePoint));
}

/** Answers `/tags/autoComplete/tags`: tags of series that the expressions match, except those that these speak of. */
export function answerTagCompletion(fields: Fields, { reader }: QueryParts): RouteReply {
  const expressions = fields.all('expr');
  const asked = new Set(expressions.map((text) => /^[^=!~]*/.exec(text)?.[0]));
  const tags = matching(expressions, reader.taggedNames()).flatMap((tags) => Object.keys(tags));
  return reply(
    limited(
      [...new Set(tags)].filter((tag) => !asked.has(tag)),
      'tagPrefix',
      fields,
    ),
  );
}

/** Answers `/tags/autoComplete/values`: values of `tag` among series that the expressions match. */
export function answerValueCompletion(fields: Fields, { reader }: QueryParts): RouteReply {
  const tag = fields.text('tag');
  if (tag === undefined || tag === '') throw new TargetError("'tag' is missing");
  const values = matching(fields.all('expr'), reader.taggedNames()).flatMap((tags) => valuesOf(tags, tag));
  return reply(limited([...new Set(values)], 'valuePrefix', fields));
}

function valuesOf(tags: Readonly<Record<string, string>>, tag: string): string[] {
  return Object.hasOwn(tags, tag) ? [tags[tag]!] : [];
}

function matching(
  expressions: string[],
  names: readonly string[],
): readonly Readonly<Record<string, string>>[] {
  if (expressions.length === 0) return tagsOf(names);
  const wanted = new Set(selectTagged(names, expressions));
  return tagsOf(names).filter((_, index) => wanted.has(names[index]!));
}

function limited(texts: string[], prefixName: string, fields: Fields): string[] {
  const prefix = fields.text(prefixName) ?? '';
  const limit = Math.trunc(Number(fields.text('limit') ?? usualLimit));
  const most = limit >= 1 ? Math.min(limit, maxLimit) : usualLimit;
  return texts
    .filter((text) => text.startsWith(prefix))
    .sort(byCodePoint)
    .slice(0, most);
}

/** Texts in order, those that the request's `filter` finds from their start on. */
function chosen(texts: string[], fields: Fields): string[] {
  const filter = fields.text('filter');
  const ordered = texts.sort(byCodePoint);
  if (filter === undefined || filter === '') return ordered;
  const fits = new Expression(filter, { anchored: true }).test(ordered);
  return ordered.filter((_, index) => fits[index]);
}

function counted(texts: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

function reply(body: Json): RouteReply {
  return { status: 200, body };
}
