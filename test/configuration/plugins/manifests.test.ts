import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from 'opsbro/sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bakedName, manifestKey, readShipped } from '../../../configuration/plugins/manifests.ts';
import { createWorkbench, type Workbench } from '../workbench.ts';

let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
});

afterEach(() => made.dispose());

function summaryOfRedis(baked: string): string | undefined {
  const { manifests, modules } = made.directories.plugins;
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(modules, bakedName), baked);
  const { entries, diagnostics } = readShipped(manifests, modules);
  expect(diagnostics).toEqual([]);
  return entries.find(({ id }) => id === 'collector/redis')?.manifest.summary;
}

it('takes a manifest as the build parsed it, while its text is the same', () => {
  const text = readFileSync(join(made.directories.plugins.manifests, 'collectors/redis/plugin.yml'), 'utf8');
  const manifest = { api: 1, kind: 'collector', name: 'redis', summary: 'baked' };
  expect(summaryOfRedis(JSON.stringify({ [manifestKey(text)]: manifest }))).toBe('baked');
  expect(summaryOfRedis(JSON.stringify({ [manifestKey(`${text} `)]: manifest }))).toBe('redis');
});

it('parses all manifests when the build’s file cannot be read', () => {
  expect(summaryOfRedis('{')).toBe('redis');
});

it.each([
  ['[nodes]', []],
  ['[groups]', ['OPSBRO_PLUGIN_MANIFEST']],
  ['nodes', ['OPSBRO_PLUGIN_MANIFEST']],
])('reads publishes: %s, which no topic of the core may be', (publishes, codes) => {
  const { manifests, modules } = made.directories.plugins;
  const folder = join(manifests, 'cluster', 'gossip');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'plugin.yml'),
    `{api: 1, kind: cluster, name: gossip, summary: members, runs: service, publishes: ${publishes}}`,
  );
  expect(readShipped(manifests, modules).diagnostics.map(({ code }) => code)).toEqual(codes);
});

it.each([
  ['scope: read', []],
  ['scope: all', ['OPSBRO_PLUGIN_MANIFEST']],
  ['schema: {}', ['OPSBRO_PLUGIN_MANIFEST']],
])('reads a route with %s, which none without a scope is', (rest, codes) => {
  const { manifests, modules } = made.directories.plugins;
  const folder = join(manifests, 'exporters', 'web');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'plugin.yml'),
    `{api: 1, kind: exporter, name: web, summary: pages, runs: service, routes: [{method: GET, path: /web, ${rest}}]}`,
  );
  const { entries, diagnostics } = readShipped(manifests, modules);
  expect(diagnostics.map(({ code }) => code)).toEqual(codes);
  expect(entries.some(({ id }) => id === 'exporter/web')).toBe(codes.length === 0);
});

it.each([
  ['cluster/gossip', { port: 6768 }],
  ['exporters/websocket', { port: 6769 }],
  ['exporters/http', { port: 6770, address: '127.0.0.1' }],
  ['exporters/dns', { port: 6766, address: '127.0.0.1' }],
  ['listeners/statsd', { port: 8125 }],
  ['listeners/graphite', { port: 2003, pickle_port: 2004 }],
  ['listeners/overc', { port: 5000 }],
])('%s listens by default on the port of the product: %j', (folder, expected) => {
  const file = new URL(`../../../plugins/${folder}/plugin.yml`, import.meta.url);
  const { options } = parse(readFileSync(file, 'utf8')) as Manifest;
  const properties = (options?.properties ?? {}) as { [name: string]: { default?: unknown } };
  const defaults = Object.keys(expected).map((name) => [name, properties[name]?.default]);
  expect(Object.fromEntries(defaults)).toEqual(expected);
});
