import type { Call } from '../evaluate/call.ts';
import type { RenderContext } from '../evaluate/context.ts';
import { fetchTagged } from '../evaluate/fetch.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { pythonFloat } from '../series/python-text.ts';
import { newSeries, type Series } from '../series/series.ts';

/** Functions that give series of their own. */
export const sourceFunctions: FunctionSpec[] = [
  {
    name: 'constantLine',
    group: 'Special',
    summary: 'A horizontal line at the given value.',
    params: params('value:float!'),
    run: (call) => [constantLine(call.context, call.number('value'))],
  },
  {
    name: 'threshold',
    group: 'Graph',
    summary: 'A horizontal line with a label and a colour.',
    params: params('value:float! label:string color:string'),
    run(call) {
      const line = constantLine(call.context, call.number('value'));
      const color = call.has('color') ? { color: call.text('color') } : {};
      return [{ ...line, name: call.has('label') ? call.text('label') : line.name, drawing: color }];
    },
  },
  {
    name: 'timeFunction',
    aliases: ['time'],
    group: 'Transform',
    summary: 'The time itself, in seconds since 1970.',
    params: params('name:string! step:integer=60'),
    run: (call) => computed(call, (time) => time),
  },
  {
    name: 'identity',
    group: 'Calculate',
    summary: 'The time itself, in seconds since 1970, each minute.',
    params: params('name:string!'),
    run: (call) => computed(call, (time) => time, 60),
  },
  {
    name: 'sinFunction',
    aliases: ['sin'],
    group: 'Transform',
    summary: 'The sine of the time.',
    params: params('name:string! amplitude:integer=1 step:integer=60'),
    run(call) {
      const amplitude = call.number('amplitude');
      return computed(call, (time) => Math.sin(time) * amplitude);
    },
  },
  {
    name: 'randomWalk',
    aliases: ['randomWalkFunction'],
    group: 'Special',
    summary: 'A random walk that starts at 0.',
    params: params('name:string! step:integer=60'),
    run(call) {
      let next = 0;
      return computed(call, () => {
        const value = next;
        next += call.context.random() - 0.5;
        return value;
      });
    },
  },
  {
    name: 'seriesByTag',
    group: 'Special',
    summary: 'Series whose tags match all expressions, such as tag=value or tag!=~regexp.',
    params: params('tagExpressions:string!*'),
    run(call) {
      const expressions = call.values('tagExpressions').map((value) => {
        if (value.kind !== 'string') throw call.error('tag expressions must be texts in quotes');
        return value.value;
      });
      return fetchTagged(expressions, call.context);
    },
  },
  {
    name: 'fallbackSeries',
    group: 'Special',
    summary: 'The fallback where there are no series.',
    params: params('seriesList:seriesList! fallback:seriesList!'),
    run: (call) => (call.series().length > 0 ? call.series() : call.series('fallback')),
  },
];

/** Three points of one value from the start to the end of what is asked for. */
export function constantLine(
  { from, until }: RenderContext,
  value: number,
  name = pythonFloat(value),
): Series {
  const step = Math.max(1, Math.trunc((until - from) / 2));
  const path = `constantLine(${name})`;
  return newSeries({ name, path, start: from, end: until, step, values: new Float64Array(3).fill(value) });
}

function computed(call: Call, valueAt: (time: number) => number, given?: number): Series[] {
  const step = given ?? call.integer('step');
  if (step < 1) throw call.error('the step must be a second at least');
  const { from: start, until: end, budget } = call.context;
  const count = Math.ceil((end - start) / step);
  budget.take(count);
  const values = Float64Array.from({ length: count }, (_, index) => valueAt(start + index * step));
  return [newSeries({ name: call.text('name'), start, end, step, values })];
}
