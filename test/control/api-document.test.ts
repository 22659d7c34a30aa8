import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import type { Manifest, RouteView } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { coreRoutes } from '../../control/openapi/core-routes.ts';
import { apiDocument } from '../../control/openapi/document.ts';
import schemas from '../../control/openapi/schemas.json' with { type: 'json' };
import { RouteTable } from '../../control/route-table.ts';
import { apiSchemas } from '../../scripts/api-schemas.js';
import { filesBelow, root } from '../conventions/repository.ts';

const ofPlugins = filesBelow('plugins', 'plugin.yml').flatMap((file) => {
  const { routes = [] } = parse(readFileSync(`${root}${file}`, 'utf8')) as Manifest;
  return routes as RouteView[];
});
/** The scopes of the agent's own routes are looked at with a real agent. */
const ofAgent = Object.keys(coreRoutes).map((route): RouteView => {
  const [method = '', path = ''] = route.split(' ');
  return { method, path, scope: method === 'GET' ? 'read' : 'write' };
});
const document = apiDocument([...ofAgent, ...ofPlugins]);

describe('the document of the API', () => {
  it('is faultless to its linter', async () => {
    const config = await createConfig({
      extends: ['recommended-strict'],
      rules: {
        // `/plugins/{id}` takes an id with a slash; matched in order, none of them is ambiguous.
        'no-ambiguous-paths': 'off',
        'no-identical-paths': 'off',
      },
    });
    const source = JSON.stringify(document);
    const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
      [],
    );
  });

  it('says of every shipped plugin what its routes do', () => {
    const silent = ofPlugins.filter(({ summary }) => summary === undefined);
    expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  it('names every schema it refers to, and an operation once', () => {
    const text = JSON.stringify(document);
    const named = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !Object.hasOwn(schemas, name))).toEqual([]);
    const ids = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id);
    expect(ids.length).toBe(new Set(ids).size);
    expect(ids.length).toBe(ofAgent.length + ofPlugins.length);
  });

  it('leaves room for keys to come, but for its tests', () => {
    expect(JSON.stringify(document.components)).not.toContain('"additionalProperties":false');
    expect(JSON.stringify(apiDocument([], { isStrict: true }))).toContain('"additionalProperties":false');
  });

  it('has the schemas of the types as they are: npm run api-schemas', () => {
    expect(apiSchemas()).toEqual(schemas);
  });
});

it('is made again when plugins give other routes', async () => {
  const table = new RouteTable([]);
  const paths = async (): Promise<string[]> => {
    const { body } = await table
      .find('GET', '/api/openapi.json')
      .handle({ params: {}, query: {}, body: null });
    return Object.keys(JSON.parse(new TextDecoder().decode(body as Uint8Array)).paths);
  };
  expect(await paths()).toEqual(['/api/openapi.json']);
  const handle = () => ({ body: null });
  table.usePluginRoutes([{ method: 'GET', path: '/x/:name', scope: 'read', handle }]);
  expect(await paths()).toEqual(['/api/openapi.json', '/x/{name}']);
});
