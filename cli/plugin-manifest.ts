import type { Json, JsonObject } from 'opsbro/sdk';
import type { CliContext } from './context.ts';
import { plain } from './table.ts';
import { valueLines, valueText } from './value-lines.ts';

interface Described {
  name: string;
  values: string;
  default: string;
  text: string;
}

/** A manifest for people: options, routes, functions and output as tables, the rest as it is; `--json` has all of it. */
export function manifestText(cli: CliContext, manifest: JsonObject): string[] {
  const { options, routes, functions, output, ...rest } = manifest;
  // What stands above it already.
  const facts = Object.entries(rest).filter(([key]) => !['kind', 'name', 'summary'].includes(key));
  return [
    ...section(cli, 'options', optionTable(cli, asObject(asObject(options).properties))),
    ...section(cli, 'routes', routeTable(cli, Array.isArray(routes) ? routes.map(asObject) : [])),
    ...section(cli, 'functions', functionTable(cli, asObject(functions))),
    ...section(cli, 'output', outputTable(cli, asObject(output))),
    ...section(cli, 'manifest', facts.flatMap(([key, value]) => valueLines(value, key)).join('\n')),
  ];
}

function section(cli: CliContext, title: string, text: string): string[] {
  return text === '' ? [] : [cli.paint.dim(`${title}:`), ...text.split('\n').map((line) => `  ${line}`)];
}

function optionTable(cli: CliContext, options: JsonObject): string {
  const described = Object.entries(options).map(([name, value]): Described => {
    const { default: usual, description } = asObject(value);
    const text = typeof description === 'string' ? plain(description) : '';
    return {
      name,
      values: valuesText(asObject(value)),
      default: usual === undefined ? '' : shown(usual),
      text,
    };
  });
  if (described.length === 0) return '';
  return cli.table(
    [
      { title: 'NAME', text: (one) => one.name },
      { title: 'VALUES', text: (one) => one.values },
      { title: 'DEFAULT', text: (one) => one.default },
      { title: 'WHAT', text: (one) => one.text },
    ],
    described,
  );
}

/** What an option may be, in a few words. */
function valuesText({ enum: values, format, type }: JsonObject): string {
  if (Array.isArray(values)) return values.map(shown).join(', ');
  if (typeof format === 'string') return plain(format);
  return Array.isArray(type) ? type.map(valueText).join(', ') : typeof type === 'string' ? plain(type) : '';
}

function shown(value: Json): string {
  return value === '' ? "''" : valueText(value);
}

function routeTable(cli: CliContext, routes: JsonObject[]): string {
  if (routes.length === 0) return '';
  const text = (value: Json | undefined): string => plain(String(value ?? ''));
  return cli.table(
    [
      { title: 'METHOD', text: (one) => text(one.method) },
      { title: 'PATH', text: (one) => text(one.path) },
      { title: 'TAKES THE RIGHT', text: (one) => text(one.scope) },
    ],
    routes,
  );
}

function functionTable(cli: CliContext, functions: JsonObject): string {
  return pairs(
    cli,
    Object.entries(functions).map(([name, value]) => {
      const { parameters, summary } = asObject(value);
      const names = Array.isArray(parameters)
        ? parameters.map((one) => String(asObject(one).name ?? ''))
        : [];
      return [`${name}(${names.join(', ')})`, String(summary ?? '')];
    }),
  );
}

function outputTable(cli: CliContext, output: JsonObject): string {
  return pairs(
    cli,
    Object.entries(output).map(([path, meaning]) => [path, valueText(meaning)]),
  );
}

function pairs(cli: CliContext, all: [string, string][]): string {
  if (all.length === 0) return '';
  return cli.table(
    [
      { title: 'NAME', text: ([name]) => plain(name) },
      { title: 'WHAT', text: ([, what]) => plain(what) },
    ],
    all,
  );
}

function asObject(value: Json | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {};
}
