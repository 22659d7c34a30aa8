import type { Json, JsonObject } from 'opsbro/sdk';

/** What stands in an OpenAPI document, as far as the page shows it. */
interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
  deprecated?: boolean;
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: JsonObject }[];
  requestBody?: { content: { [type: string]: { schema?: JsonObject } } };
  responses?: { [status: string]: { content?: { [type: string]: { schema?: JsonObject } } } };
  'x-opsbro-scope'?: string;
}

/** The document of the API. */
export interface ApiDocument {
  info: { title: string; description?: string };
  tags?: { name: string; description?: string }[];
  paths: { [path: string]: { [method: string]: Operation } };
  components?: { schemas?: { [name: string]: JsonObject } };
}

/** The page of an API: no script, nothing from elsewhere; every part has a link of its own. */
export function docsPage(document: ApiDocument): string {
  const { info, tags = [], paths, components = {} } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method: method.toUpperCase(), one })),
  );
  const sections = tags.map(({ name, description = '' }) => {
    const own = operations.filter(({ one }) => one.tags?.[0] === name);
    return `<section><h2 id="tag-${slug(name)}">${escaped(name)}</h2><p>${prose(description)}</p>${own.map(shown).join('')}</section>`;
  });
  const schemas = Object.entries(components.schemas ?? {}).map(
    ([name, schema]) =>
      `<details id="schema-${escaped(name)}"><summary><code>${escaped(name)}</code></summary>${schemaText(schema)}</details>`,
  );
  const links = tags.map(({ name }) => `<a href="#tag-${slug(name)}">${escaped(name)}</a>`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(info.title)} API</title><link rel="stylesheet" href="docs.css"></head>
<body><header><h1>${escaped(info.title)} API</h1><p>${prose(info.description ?? '')}</p>
<p><a href="openapi.json">openapi.json</a></p><nav aria-label="Topics">${links.join(' ')}</nav></header>
<main>${sections.join('\n')}<section><h2 id="schemas">Shapes</h2>${schemas.join('\n')}</section></main></body></html>
`;
}

function shown({ path, method, one }: { path: string; method: string; one: Operation }): string {
  const scope = one['x-opsbro-scope'] ?? '';
  const head = `<b class="${method.toLowerCase()}">${method}</b> <code>${escaped(path)}</code> <i>${escaped(scope)}</i> ${prose(one.summary ?? '')}`;
  const parameters = (one.parameters ?? []).map(
    (each) =>
      `<tr><td><code>${escaped(each.name)}</code></td><td>${each.in}${each.required === true ? ', required' : ''}</td><td>${schemaText(each.schema ?? {})}</td><td>${prose(each.description ?? '')}</td></tr>`,
  );
  const table =
    parameters.length === 0
      ? ''
      : `<table><thead><tr><th>name</th><th>in</th><th>type</th><th>what</th></tr></thead><tbody>${parameters.join('')}</tbody></table>`;
  const body = Object.entries(one.requestBody?.content ?? {})
    .map(([type, { schema = {} }]) => `<h4>Body, ${escaped(type)}</h4>${schemaText(schema)}`)
    .join('');
  const answers = Object.entries(one.responses ?? {})
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([status, { content = {} }]) =>
      Object.entries(content).map(
        ([type, { schema = {} }]) => `<h4>${escaped(status)}, ${escaped(type)}</h4>${schemaText(schema)}`,
      ),
    )
    .join('');
  return `<details><summary>${head}</summary><p>${prose(one.description ?? '')}</p>${table}${body}${answers}</details>`;
}

/** A schema as nested lists. */
function schemaText(schema: JsonObject, depth = 0): string {
  if (typeof schema.$ref === 'string') {
    const name = escaped(schema.$ref.split('/').at(-1) ?? '');
    return `<a href="#schema-${name}">${name}</a>`;
  }
  const about = typeof schema.description === 'string' ? ` ${prose(schema.description)}` : '';
  if (depth > 8) return `…${about}`;
  const properties = Object.entries((schema.properties ?? {}) as { [name: string]: JsonObject });
  const required = (schema.required ?? []) as Json[];
  const rows = properties.map(
    ([name, one]) =>
      `<li><code>${escaped(name)}</code>${required.includes(name) ? '' : ' <i>may be absent</i>'}: ${schemaText(one, depth + 1)}</li>`,
  );
  const list = rows.length === 0 ? '' : `<ul>${rows.join('')}</ul>`;
  return `${typeText(schema, depth)}${about}${list}`;
}

function typeText(schema: JsonObject, depth: number): string {
  const { type, items, additionalProperties: values } = schema;
  const isObject = (value: Json | undefined): value is JsonObject =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (Array.isArray(schema.enum))
    return schema.enum.map((one) => `<code>${escaped(JSON.stringify(one))}</code>`).join(' or ');
  if (schema.const !== undefined) return `<code>${escaped(JSON.stringify(schema.const))}</code>`;
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices))
    return choices.map((one) => schemaText(one as JsonObject, depth + 1)).join(' or ');
  if (isObject(items)) return `list of ${schemaText(items, depth + 1)}`;
  if (isObject(values)) return `object, each value ${schemaText(values, depth + 1)}`;
  return escaped([type ?? 'any'].flat().join(' or '));
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

/** Escaped, with what stands in backticks as code. */
function prose(text: string): string {
  return escaped(text).replaceAll(/`([^`]*)`/g, '<code>$1</code>');
}

function escaped(text: string): string {
  const names: { [character: string]: string } = {
    '&': 'amp',
    '<': 'lt',
    '>': 'gt',
    '"': 'quot',
    "'": '#39',
  };
  return text.replaceAll(/[&<>"']/g, (character) => `&${names[character]};`);
}

/** How the page looks, by day and by night. */
export const docsStyle = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
code{font:0.95em ui-monospace,monospace;overflow-wrap:anywhere}
nav a{margin-right:.6rem}
details{border-top:1px solid #8886;padding:.3rem 0}
summary{cursor:pointer}
summary b{display:inline-block;min-width:4.2rem}
.get{color:#0a6}.post{color:#06c}.put{color:#a60}.delete{color:#c33}
@media (prefers-color-scheme:dark){.get{color:#4d9}.post{color:#6bf}.put{color:#fb5}.delete{color:#f88}}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .5rem .2rem 0}
ul{margin:.2rem 0;padding-left:1.2rem}
`;
