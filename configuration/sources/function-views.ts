import type { PluginEntry } from '../model.ts';

/** GET /api/v1/evaluator/functions: an array of these. */
export interface FunctionView {
  name: string;
  group: string;
  summary: string;
  prototype: string;
  aliases: string[];
  touches_host: boolean;
}

/** The functions of expressions that these plugins give, by name. */
export function functionViews(entries: PluginEntry[]): FunctionView[] {
  return entries
    .flatMap(({ manifest }) =>
      Object.entries(manifest.functions ?? {}).map(([name, { summary, parameters, aliases }]) => ({
        name,
        group: manifest.name,
        summary,
        prototype: `${name}(${parameters.map(parameterText).join(', ')})`,
        aliases: aliases ?? [],
        touches_host: manifest.runs !== 'guest',
      })),
    )
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

function parameterText(parameter: { name: string; default?: unknown; rest?: boolean }): string {
  if (parameter.rest === true) return `*${parameter.name}`;
  return parameter.default === undefined
    ? parameter.name
    : `${parameter.name}=${pythonLiteral(parameter.default)}`;
}

function pythonLiteral(value: unknown): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  return value === null ? 'None' : typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}
