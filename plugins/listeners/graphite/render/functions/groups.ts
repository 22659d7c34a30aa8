import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { type NodeKey, nodeKey } from '../evaluate/node-key.ts';
import { aggregateNamed } from '../series/aggregates.ts';
import { byCodePoint } from '../series/python-text.ts';
import { changed, type Series, tagsOfName, tagValue } from '../series/series.ts';
import { combined } from './combined.ts';

/** Functions that group series by their names and tags. */
export const groupFunctions: FunctionSpec[] = [
  {
    name: 'groupByNode',
    group: 'Combine',
    summary: 'Joins series that have the same step in their names.',
    params: params('seriesList:seriesList! nodeNum:nodeOrTag! callback:aggOrSeriesFunc=average'),
    run: (call) => groupBy(call, call.nodes('nodeNum')),
  },
  {
    name: 'groupByNodes',
    group: 'Combine',
    summary: 'Joins series that have the same steps in their names.',
    params: params('seriesList:seriesList! callback:aggOrSeriesFunc! nodes:nodeOrTag*'),
    run: (call) => groupBy(call, call.nodes()),
  },
  {
    name: 'groupByTags',
    group: 'Combine',
    summary: 'Joins series that have the same tags.',
    params: params('seriesList:seriesList! callback:aggOrSeriesFunc! tags:tag!*'),
    run: groupByTags,
  },
  {
    name: 'applyByNode',
    group: 'Combine',
    summary: 'Computes a target for each beginning of names; % stands for it.',
    params: params('seriesList:seriesList! nodeNum:node! templateFunction:string! newName:string'),
    run: applyByNode,
  },
  {
    name: 'mapSeries',
    aliases: ['map'],
    group: 'Combine',
    summary: 'Puts series with the same steps side by side, for reduceSeries.',
    params: params('seriesList:seriesList! mapNodes:nodeOrTag!*'),
    run: (call) =>
      [...grouped(call.series(), (series) => nodeKey(series, call.nodes('mapNodes'))).values()].flat(),
  },
  {
    name: 'reduceSeries',
    aliases: ['reduce'],
    group: 'Combine',
    summary: 'Calls a function on series that differ in one step of their names.',
    params: params(
      'seriesLists:seriesLists! reduceFunction:string! reduceNode:node! reduceMatchers:string!*',
    ),
    run: reduceSeries,
  },
];

function grouped(list: readonly Series[], keyOf: (series: Series) => string): Map<string, Series[]> {
  const groups = new Map<string, Series[]>();
  for (const series of list) {
    const key = keyOf(series);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [series]);
    else group.push(series);
  }
  return groups;
}

/** Joins one group by the call's `callback`, an aggregate or a function. */
function joined(call: Call, list: Series[]): Series | undefined {
  const callback = call.text('callback');
  if (isAggregate(callback)) return combined(list, { word: callback }, call.context);
  return call.evaluator.run(callback, [{ kind: 'series', list }], call.context)[0];
}

function isAggregate(name: string): boolean {
  try {
    aggregateNamed(name);
    return true;
  } catch {
    return false;
  }
}

function groupBy(call: Call, nodes: NodeKey[]): Series[] {
  const groups = grouped(call.series(), (series) => nodeKey(series, nodes));
  return [...groups].flatMap(([name, list]) => {
    const result = joined(call, list);
    return result === undefined ? [] : [{ ...result, name }];
  });
}

function groupByTags(call: Call): Series[] {
  const list = call.series();
  const tags = call.nodes('tags').map(String);
  const names = new Set(list.map((series) => series.tags.name));
  const shared = names.size === 1 ? [...names][0] : call.text('callback');
  const further = tags.filter((tag) => tag !== 'name').sort(byCodePoint);
  const groups = grouped(list, (series) => {
    const name = tags.includes('name') ? series.tags.name : shared;
    return [name, ...further.map((tag) => `${tag}=${tagValue(series.tags, tag)}`)].join(';');
  });
  return [...groups].flatMap(([name, group]) => {
    const result = joined(call, group);
    return result === undefined ? [] : [changed(result, { name, tags: tagsOfName(name) })];
  });
}

function applyByNode(call: Call): Series[] {
  const steps = call.integer('nodeNum') + 1;
  const template = call.text('templateFunction');
  const prefixes = new Set(call.series().map(({ name }) => name.split('.').slice(0, steps).join('.')));
  const newName = call.has('newName') ? call.text('newName') : undefined;
  return [...prefixes].sort(byCodePoint).flatMap((prefix) =>
    call.evaluator
      .series(
        template.replaceAll('%', () => prefix),
        call.context,
      )
      .map((series) => ({
        ...series,
        name: newName?.replaceAll('%', () => prefix) ?? series.name,
        path: prefix,
      })),
  );
}

function reduceSeries(call: Call): Series[] {
  const name = call.text('reduceFunction');
  const place = call.integer('reduceNode');
  const matchers = call.values('reduceMatchers').map((value) => (value.kind === 'string' ? value.value : ''));
  const groups = grouped(call.series('seriesLists'), ({ name: of }) =>
    of.split('.').slice(0, place).join('.'),
  );
  return [...groups].flatMap(([prefix, list]) => {
    const args = matchers.map((matcher) => ({
      kind: 'series' as const,
      list: list.filter((series) => series.name.split('.')[place] === matcher).slice(-1),
    }));
    const [result] = call.evaluator.run(name, args, call.context);
    return result === undefined ? [] : [{ ...result, name: `${prefix}.reduce.${name}` }];
  });
}
