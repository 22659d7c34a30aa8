import type { Json, RouteReply } from 'opsbro/sdk';
import type { FoundName } from '../../series-reader.ts';
import { TargetError } from '../grammar/target.ts';
import { isPattern } from '../name-pattern.ts';
import { byCodePoint } from '../series/python-text.ts';
import type { Fields } from './fields.ts';
import type { QueryParts } from './queries.ts';

/** Answers `/metrics/find`: what a pattern names, as treejson, completer, json (also pickle's successor `nodelist`). */
export function answerFind(fields: Fields, { reader }: QueryParts): RouteReply {
  const query = fields.text('query');
  if (query === undefined || query === '') throw new TargetError("'query' is missing");
  const format = fields.text('format') ?? 'treejson';
  const isCompleter = format === 'completer';
  const found = ordered(reader.find(isCompleter ? completed(query) : query));
  switch (format) {
    case 'treejson':
      return reply(tree(found, query, fields.flag('wildcards')));
    case 'completer':
      return reply({ metrics: completions(found, fields.flag('wildcards')) });
    case 'json':
      return reply(unique(found).map(({ path, isLeaf }) => ({ path, is_leaf: isLeaf })));
    case 'nodelist':
      return reply({ nodes: [...new Set(found.map(({ path }) => lastStep(path)))] });
    default:
      throw new TargetError(`there is no format '${format}'; take treejson, completer, json or nodelist`);
  }
}

/** Answers `/metrics/expand`: the paths that patterns name, together or by pattern. */
export function answerExpand(fields: Fields, { reader }: QueryParts): RouteReply {
  const queries = fields.all('query');
  if (queries.length === 0) throw new TargetError("'query' is missing");
  const onlyLeaves = fields.flag('leavesOnly');
  const paths = (query: string): string[] => {
    const found = reader.find(query).filter(({ isLeaf }) => isLeaf || !onlyLeaves);
    return [...new Set(found.map(({ path }) => path))].sort(byCodePoint);
  };
  if (fields.flag('groupByExpr'))
    return reply({ results: Object.fromEntries(queries.map((query) => [query, paths(query)])) });
  return reply({ results: [...new Set(queries.flatMap(paths))].sort(byCodePoint) });
}

/** Answers `/metrics/index.json`: every series without tags. */
export function answerIndex(_: Fields, { reader }: QueryParts): RouteReply {
  const leaves: string[] = [];
  let branches = [''];
  // Level by level, since a pattern names one.
  while (branches.length > 0) {
    const below = branches.flatMap((branch) => reader.find(`${branch}*`));
    leaves.push(...below.flatMap(({ path, isLeaf }) => (isLeaf ? [path] : [])));
    branches = below.flatMap(({ path, isLeaf }) => (isLeaf ? [] : [`${literal(path)}.`]));
  }
  return reply([...new Set(leaves)].sort(byCodePoint));
}

/** A path as a pattern that names itself. */
function literal(path: string): string {
  return path.replace(/[*?[{]/g, '?');
}

/** What somebody has typed so far, as a pattern of what it may become. */
function completed(query: string): string {
  const clean = query.replaceAll('..', '*.');
  return clean.endsWith('*') ? clean : `${clean}*`;
}

function ordered(found: FoundName[]): FoundName[] {
  return found.sort(
    (one, other) => byCodePoint(one.path, other.path) || Number(one.isLeaf) - Number(other.isLeaf),
  );
}

function unique(found: FoundName[]): FoundName[] {
  const seen = new Set<string>();
  return found.filter(({ path, isLeaf }) => !seen.has(`${path} ${isLeaf}`) && seen.add(`${path} ${isLeaf}`));
}

/** Nodes of a tree, one for each step, as trees in browsers want them; with wildcards also one for all branches. */
function tree(found: FoundName[], query: string, withWildcards: boolean): Json[] {
  const base = query.includes('.') ? `${query.slice(0, query.lastIndexOf('.'))}.` : '';
  const nodes = new Map<string, Json>();
  for (const { path, isLeaf } of found) {
    const step = lastStep(path);
    const id = isPattern(base) ? `${base}${step}` : path;
    const key = `${step} ${isLeaf}`;
    if (!nodes.has(key)) nodes.set(key, treeNode(step, id, isLeaf));
  }
  const branches = [...nodes.keys()].filter((key) => key.endsWith(' false'));
  const all = withWildcards && branches.length > 1 ? [treeNode('*', `${base}*`, false)] : [];
  return [...all, ...nodes.values()];
}

function treeNode(text: string, id: string, isLeaf: boolean): Json {
  const branch = isLeaf ? 0 : 1;
  return { text, id, leaf: 1 - branch, expandable: branch, allowChildren: branch, context: {} };
}

function completions(found: FoundName[], withWildcards: boolean): Json[] {
  const list: Json[] = unique(found).map(({ path, isLeaf }) => ({
    path: isLeaf ? path : `${path}.`,
    name: lastStep(path),
    is_leaf: isLeaf ? '1' : '0',
  }));
  return withWildcards && list.length > 1 ? [...list, { name: '*' }] : list;
}

function lastStep(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function reply(body: Json): RouteReply {
  return { status: 200, body };
}
