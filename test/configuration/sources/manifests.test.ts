import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bakedName, manifestKey, readShipped } from '../../../configuration/sources/manifests.ts';
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
