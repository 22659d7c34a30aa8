import type { RouteView } from 'opsbro/sdk';
import type { ControlRoute } from '../route-table.ts';

/** A table of routes as it is now; `plugins` is another object whenever the routes of plugins change. */
export interface DocumentedTable {
  plugins: object;
  views(): RouteView[];
}

/** The route that answers with the OpenAPI document of its table, made again after each change. What it is made of is loaded when it is first asked for. */
export function documentRoute(table: () => DocumentedTable): ControlRoute {
  let known: { plugins: object; bytes: Uint8Array } | undefined;
  return {
    method: 'GET',
    path: '/api/openapi.json',
    scope: 'read',
    async handle() {
      const { apiDocument } = await import('./document.ts');
      const { plugins, views } = table();
      if (known?.plugins !== plugins)
        known = { plugins, bytes: new TextEncoder().encode(JSON.stringify(apiDocument(views()))) };
      return { body: known.bytes.slice(), type: 'application/json' };
    },
  };
}
