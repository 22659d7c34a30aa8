import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { type Series, tagged } from '../series/series.ts';
import { parseOffset } from '../time/offset.ts';
import { localTimeOf } from '../time/zone.ts';

/** Functions that move series in time. */
export const shiftFunctions: FunctionSpec[] = [
  {
    name: 'timeShift',
    group: 'Transform',
    summary: 'What was so long ago, as if it were now.',
    params: params('seriesList:seriesList! timeShift:interval! resetEnd:boolean=true alignDst:boolean=false'),
    run: timeShift,
  },
  {
    name: 'timeStack',
    group: 'Transform',
    summary: 'The same series several times, each so much longer ago.',
    params: params(
      'seriesList:seriesList! timeShiftUnit:interval=1d timeShiftStart:integer=0 timeShiftEnd:integer=7',
    ),
    run: timeStack,
  },
  {
    name: 'timeSlice',
    group: 'Transform',
    summary: 'The values of a span of time, and none around it.',
    params: params('seriesList:seriesList! startSliceAt:date! endSliceAt:date=now'),
    run: timeSlice,
  },
  {
    name: 'delay',
    group: 'Transform',
    summary: 'Values so many points later.',
    params: params('seriesList:seriesList! steps:integer!'),
    run: delay,
  },
];

/** A span without a sign counts backwards. */
function backwards(text: string): string {
  return /^\d/.test(text.trim()) ? `-${text.trim()}` : text.trim();
}

function timeShift(call: Call): Series[] {
  const [first] = call.series();
  if (first === undefined) return [];
  const shown = backwards(call.text('timeShift'));
  const { from, until, zone } = call.context;
  const seconds =
    parseOffset(shown) + (call.flag('alignDst') ? dstDifference(from, parseOffset(shown), zone) : 0);
  return call.again(0, { from: from + seconds, until: until + seconds }).map((series) =>
    tagged(
      series,
      { timeShift: shown },
      {
        name: `timeShift(${series.name}, "${shown}")`,
        path: series.path,
        start: first.start,
        end:
          call.has('resetEnd') && !call.flag('resetEnd')
            ? series.end - series.start + first.start
            : first.end,
      },
    ),
  );
}

/** Seconds by which clocks were set between the two times. */
function dstDifference(time: number, shift: number, zone: string): number {
  const shownAt = (at: number): number => {
    const { year, month, day, hour, minute, second } = localTimeOf(at, zone);
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - at;
  };
  return shownAt(time) - shownAt(time + shift);
}

function timeStack(call: Call): Series[] {
  const [first] = call.series();
  if (first === undefined) return [];
  const unit = backwards(call.text('timeShiftUnit'));
  const seconds = parseOffset(unit);
  const times = Array.from(
    { length: Math.min(1000, Math.max(0, call.integer('timeShiftEnd') - call.integer('timeShiftStart'))) },
    (_, index) => call.integer('timeShiftStart') + index,
  );
  const { from, until } = call.context;
  return times.flatMap((times) => {
    const context = { ...call.context, from: from + times * seconds, until: until + times * seconds };
    return call.evaluator.series(first.path, context).map((series) =>
      tagged(
        series,
        { timeShiftUnit: unit, timeShift: `${times}` },
        {
          name: `timeShift(${series.name}, ${unit}, ${times})`,
          start: first.start,
          end: first.end,
        },
      ),
    );
  });
}

function timeSlice(call: Call): Series[] {
  const from = call.time('startSliceAt', call.context.from);
  const until = call.time('endSliceAt', call.context.now);
  return call.series().map((series) => {
    // Graphite counts from what was asked for, not from the first point.
    let time = call.context.from - series.step;
    const values = call.mapped(series.values, (value) => {
      time += series.step;
      return time < from || time > until ? Number.NaN : value;
    });
    return tagged(
      series,
      { timeSliceStart: `${from}`, timeSliceEnd: `${until}` },
      { name: `timeSlice(${series.name}, ${from}, ${until})`, path: series.path, values },
    );
  });
}

function delay(call: Call): Series[] {
  const steps = Math.max(0, call.integer('steps'));
  return call.series().map((series) => {
    call.context.budget.take(series.values.length);
    const values = new Float64Array(series.values.length).fill(Number.NaN);
    if (steps < values.length) values.set(series.values.subarray(0, values.length - steps), steps);
    return tagged(series, { delay: `${steps}` }, { name: `delay(${series.name},${steps})`, values });
  });
}
