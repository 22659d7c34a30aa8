import type { Json, JsonObject, VerdictState } from 'opsbro/sdk';
import type { Observation, Perfdatum } from '../model.ts';
import { isState } from './read-status.ts';

/** As many figures as are kept of one run of a Nagios plugin. */
const maxFigures = 2000;
const noVerdict = 'the check did not return {state, output}';

/**
 * Reads what a check plugin returned: the first line of its output is the text, the rest the long one, its metrics are figures. A value
 * that is no verdict is an UNKNOWN that says so; a metric that is none is left out.
 */
export function readVerdict(value: Json): Observation {
  if (isObject(value) && isVerdictState(value.state) && typeof value.output === 'string') {
    const [output = '', ...rest] = value.output.split('\n');
    return { state: value.state, output, longOutput: rest.join('\n'), perfdata: figuresOf(value.metrics) };
  }
  return {
    state: 'unknown',
    output: `OPSBRO_PLUGIN_RESULT: ${noVerdict}`,
    error: { code: 'OPSBRO_PLUGIN_RESULT', message: noVerdict },
  };
}

function figuresOf(metrics: Json | undefined): Perfdatum[] {
  if (!isObject(metrics)) return [];
  const entries = Object.entries(metrics).slice(0, maxFigures);
  return entries.flatMap(([label, metric]): Perfdatum[] => {
    if (!isObject(metric) || (metric.value !== null && typeof metric.value !== 'number')) return [];
    const text = (key: string): string | null => (typeof metric[key] === 'string' ? metric[key] : null);
    const number = (key: string): number | null => (typeof metric[key] === 'number' ? metric[key] : null);
    return [
      {
        label,
        value: metric.value,
        unit: text('unit') ?? '',
        warn: text('warning'),
        crit: text('critical'),
        min: number('min'),
        max: number('max'),
      },
    ];
  });
}

function isVerdictState(value: Json | undefined): value is VerdictState {
  return isState(value) && value !== 'pending';
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
