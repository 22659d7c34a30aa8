import type { Command } from 'commander';
import type { JsonObject } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import type { CliContext } from './context.ts';
import { plain } from './table.ts';
import { withAgent } from './temporary-agent.ts';

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: JsonObject;
}

interface Operation {
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content: { [type: string]: { schema?: JsonObject } } };
  responses: { [status: string]: { content?: { [type: string]: { schema?: JsonObject } } } };
  'x-opsbro-scope'?: string;
}

interface ApiDocument {
  paths: { [path: string]: { [method: string]: Operation } };
  components: { schemas: { [name: string]: JsonObject } };
}

/** One route of the document. */
interface Route {
  method: string;
  path: string;
  operation: Operation;
}

const deepest = 3;

/** Adds `opsbro api`: the API in a terminal. */
export function registerApi(program: Command, cli: CliContext): void {
  program
    .command('api [path]')
    .description('the routes of the HTTP API; of a path, what each takes and answers')
    .action((path: string | undefined) => show(cli, path));
}

async function show(cli: CliContext, path: string | undefined): Promise<void> {
  const document = await withAgent(cli, (client) => client.request<ApiDocument>('GET', '/api/openapi.json'));
  const routes = Object.entries(document.paths).flatMap(([at, methods]) =>
    Object.entries(methods).map(([method, operation]): Route => {
      return { path: at, method: method.toUpperCase(), operation };
    }),
  );
  if (path === undefined) {
    cli.show(document, () => listText(cli, routes));
    return;
  }
  const found = routes.filter((route) => fits(route.path, path));
  if (found.length === 0) {
    const below = routes.filter((route) => route.path.startsWith(path));
    if (below.length === 0) throw unknown(path, routes);
    cli.show(pathsOf(document, below), () => listText(cli, below));
    return;
  }
  cli.show(pathsOf(document, found), () => found.map((one) => routeText(cli, one, document)).join('\n\n'));
}

function unknown(path: string, routes: Route[]): OpsbroError {
  const meant = nearest(path, [...new Set(routes.map((route) => route.path))]);
  const advice = meant === undefined ? "'opsbro api' shows all" : `did you mean '${meant}'?`;
  return new OpsbroError('OPSBRO_API_NOT_FOUND', `no route '${path}'; ${advice}`);
}

function pathsOf({ paths }: ApiDocument, routes: Route[]): JsonObject {
  return Object.fromEntries(routes.map(({ path }) => [path, paths[path]])) as unknown as JsonObject;
}

/** Whether a typed path is that of a route: as it is written, or with values in place of its names. */
function fits(template: string, path: string): boolean {
  if (template === path) return true;
  const pattern = template.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^$()[\]\\|]/g, '\\$&'));
  return new RegExp(`^${pattern.join('[^/]+(?:/[^/]+)*')}$`).test(path) && template.includes('{');
}

function listText(cli: CliContext, routes: Route[]): string {
  return cli.table(
    [
      { title: 'METHOD', text: ({ method }) => method },
      { title: 'PATH', text: ({ path }) => path },
      { title: 'SCOPE', text: ({ operation }) => operation['x-opsbro-scope'] ?? '' },
      { title: 'WHAT', text: ({ operation }) => operation.summary ?? '' },
    ],
    routes,
  );
}

function routeText(cli: CliContext, { method, path, operation }: Route, document: ApiDocument): string {
  const { summary = '', description = '', parameters = [], requestBody, responses } = operation;
  const lines = [`${cli.paint.bold(`${method} ${plain(path)}`)}  ${plain(summary)}`, plain(description)];
  for (const { name, in: where, required, description: about = '', schema = {} } of parameters) {
    const kind = `${where}${required === true ? ', required' : ''}`;
    lines.push(
      `  ${plain(name)} (${kind}): ${plain(typeText(schema))}${about === '' ? '' : `, ${plain(about)}`}`,
    );
  }
  for (const { schema = {} } of Object.values(requestBody?.content ?? {}).slice(0, 1))
    lines.push('  takes', ...schemaLines(schema, document, 2));
  for (const [status, { content = {} }] of Object.entries(responses)) {
    if (!status.startsWith('2')) continue;
    for (const [type, { schema = {} }] of Object.entries(content))
      lines.push(`  answers ${status}, ${type}`, ...schemaLines(schema, document, 2));
  }
  return lines.filter((line) => line !== '').join('\n');
}

/** A schema as indented lines: a key, its type and what it is. */
function schemaLines(
  schema: JsonObject,
  document: ApiDocument,
  depth: number,
  seen: string[] = [],
): string[] {
  const name = typeof schema.$ref === 'string' ? (schema.$ref.split('/').at(-1) ?? '') : undefined;
  if (name !== undefined) {
    const known = document.components.schemas[name];
    if (known === undefined || seen.includes(name)) return [];
    return schemaLines(known, document, depth, [...seen, name]);
  }
  const items = schema.items as JsonObject | undefined;
  if (items !== undefined)
    return [`${'  '.repeat(depth)}a list of`, ...schemaLines(items, document, depth, seen)];
  const properties = Object.entries((schema.properties ?? {}) as { [name: string]: JsonObject });
  if (properties.length === 0) return ['  '.repeat(depth) + plain(typeText(schema))];
  return properties.flatMap(([key, one]) => {
    const about = typeof one.description === 'string' ? `: ${one.description.split('\n')[0]}` : '';
    const line = `${'  '.repeat(depth)}${plain(key)} (${plain(typeText(one))})${plain(about)}`;
    const inner = (one.items as JsonObject | undefined) ?? one;
    const isDeep = depth <= deepest && (inner.$ref !== undefined || inner.properties !== undefined);
    const below = isDeep ? schemaLines(inner, document, depth + 1, seen) : [];
    return below.length > 1 ? [line, ...below] : [line];
  });
}

function typeText(schema: JsonObject): string {
  if (typeof schema.$ref === 'string') return schema.$ref.split('/').at(-1) ?? '';
  if (Array.isArray(schema.enum)) return schema.enum.map((one) => JSON.stringify(one)).join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices)) return choices.map((one) => typeText(one as JsonObject)).join(' or ');
  if (schema.items !== undefined) return `list of ${typeText(schema.items as JsonObject)}`;
  return [schema.type ?? 'any'].flat().join(' or ');
}
