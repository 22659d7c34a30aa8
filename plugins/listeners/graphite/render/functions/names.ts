import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { nodeKey } from '../evaluate/node-key.ts';
import { Expression } from '../grammar/expression.ts';
import { aggregate, aggregateNamed } from '../series/aggregates.ts';
import { pythonFloat } from '../series/python-text.ts';
import type { Series } from '../series/series.ts';

/** Functions that change what people read. */
export const nameFunctions: FunctionSpec[] = [
  {
    name: 'alias',
    group: 'Alias',
    summary: 'Another name.',
    params: params('seriesList:seriesList! newName:string!'),
    run: (call) => named(call, () => call.text('newName')),
  },
  {
    name: 'aliasByMetric',
    group: 'Alias',
    summary: 'The last step of the name.',
    params: params('seriesList:seriesList!'),
    run: (call) => named(call, ({ name }) => name.split('.').at(-1)!.split(',', 1)[0]!),
  },
  {
    name: 'aliasByNode',
    group: 'Alias',
    summary: 'Steps of the name, counted from 0, and tags.',
    params: params('seriesList:seriesList! nodes:nodeOrTag!*'),
    run: (call) => named(call, (series) => nodeKey(series, call.nodes())),
  },
  {
    name: 'aliasByTags',
    group: 'Alias',
    summary: 'Tags, and steps of the name, counted from 0.',
    params: params('seriesList:seriesList! tags:nodeOrTag!*'),
    run: (call) => named(call, (series) => nodeKey(series, call.nodes('tags'))),
  },
  {
    name: 'aliasSub',
    group: 'Alias',
    summary: 'The name with what a regular expression finds replaced; \\1 stands for its first group.',
    params: params('seriesList:seriesList! search:string! replace:string!'),
    run(call) {
      const list = call.series();
      const names = new Expression(call.text('search')).replace(
        list.map(({ name }) => name),
        call.text('replace'),
      );
      return list.map((series, index) => ({ ...series, name: names[index]! }));
    },
  },
  {
    name: 'aliasQuery',
    group: 'Alias',
    summary: 'A name with the last value of another series, whose name results from a replacement.',
    params: params('seriesList:seriesList! search:string! replace:string! newName:string!'),
    run: aliasQuery,
  },
  {
    name: 'legendValue',
    group: 'Alias',
    summary: 'The name followed by values such as avg and max.',
    params: params('seriesList:seriesList! valuesTypes:string*'),
    run: legendValue,
  },
  {
    name: 'substr',
    group: 'Special',
    summary: 'Steps of the name from one up to another.',
    params: params('seriesList:seriesList! start:node=0 stop:node=0'),
    run(call) {
      const [start, stop] = [call.integer('start'), call.integer('stop')];
      return named(call, ({ name }) => {
        const end = name.indexOf(')');
        const clean = name.slice(name.lastIndexOf('(') + 1, end === -1 ? undefined : end);
        const steps = clean.split('.').slice(start, stop === 0 ? undefined : stop);
        return steps.join('.').replace(/,.*$/s, '');
      });
    },
  },
];

function named(call: Call, name: (series: Series) => string): Series[] {
  return call.series().map((series) => ({ ...series, name: name(series) }));
}

function aliasQuery(call: Call): Series[] {
  const list = call.series();
  const targets = new Expression(call.text('search')).replace(
    list.map(({ name }) => name),
    call.text('replace'),
  );
  return list.map((series, index) => {
    const [found] = call.evaluator.series(targets[index]!, call.context);
    const value = found === undefined ? Number.NaN : aggregate('last', found.values);
    if (Number.isNaN(value)) throw call.error(`'${targets[index]}' has no value`);
    return { ...series, name: call.text('newName').replace(/%[dfgs]/, () => pythonFloat(value)) };
  });
}

const units: { [system: string]: [string, number][] } = {
  si: [
    ['P', 1e15],
    ['T', 1e12],
    ['G', 1e9],
    ['M', 1e6],
    ['K', 1e3],
  ],
  binary: [
    ['Pi', 2 ** 50],
    ['Ti', 2 ** 40],
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
    ['Ki', 2 ** 10],
  ],
};

function legendValue(call: Call): Series[] {
  const words = call.values('valuesTypes').map((value) => (value.kind === 'string' ? value.value : ''));
  const last = words.at(-1) ?? '';
  const system = Object.hasOwn(units, last) ? units[last] : undefined;
  if (system !== undefined) words.pop();
  return named(call, (series) => {
    let name = series.name;
    for (const word of words) {
      const value = aggregate(aggregateNamed(word), series.values);
      if (system === undefined) name += ` (${word}: ${Number.isNaN(value) ? 'None' : pythonFloat(value)})`;
      else name = `${name.padEnd(20)}${word.padEnd(5)}${withUnit(value, system).padEnd(10)}`;
    }
    return name;
  });
}

function withUnit(value: number, system: [string, number][]): string {
  if (Number.isNaN(value)) return 'None';
  const [unit, size] = system.find(([, size]) => Math.abs(value) >= size) ?? ['', 1];
  return `${(value / size).toFixed(2)}${unit}`;
}
