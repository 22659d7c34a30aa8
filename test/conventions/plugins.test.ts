import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Json, JsonObject, Manifest } from 'opsbro/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Configuration } from '../../configuration/loader.ts';
import { compileCheck, compileDetector, compileValue } from '../../language/compile.ts';
import { filesBelow, product, root } from './repository.ts';

const folders = filesBelow('plugins', 'plugin.yml').map((path) => dirname(path));
const kinds: { [kind: string]: string } = {
  collector: 'collectors',
  detector: 'detectors',
  check: 'checks',
  handler: 'handlers',
  exporter: 'exporters',
  listener: 'listeners',
  cluster: 'cluster',
  generator: 'generators',
  compliance: 'compliance',
  functions: 'functions',
};

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifestOf = (folder: string): Manifest => parse(read(`${folder}/plugin.yml`)) as Manifest;

/** The text below a `## Title`, up to the next one. */
function section(readme: string, title: string): string | undefined {
  return readme.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
}

/** Names in backticks of the first column of a section's tables. */
function tableNames(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''));
}

const kindKey = /^(agent|check|collector|dashboard|detector|handler|package|parameters|api)\b/m;

/** Fenced YAML blocks of a README. A first line `# name.yml` names the file that the block is; one without any object is parameters. */
function yamlBlocks(readme: string): { path: string; text: string }[] {
  return [...readme.matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)].map(([, text = ''], index) => {
    const named = /^# (?:config\.d\/)?([\w./-]+\.yml)$/m.exec(text.split('\n', 1)[0] ?? '')?.[1];
    const guessed = kindKey.test(text) ? `readme-${index + 1}.yml` : `readme-${index + 1}/parameters.yml`;
    return { path: named ?? guessed, text };
  });
}

describe.each(folders)('%s', (folder) => {
  const manifest = manifestOf(folder);
  const readme = existsSync(join(root, folder, 'README.md')) ? read(`${folder}/README.md`) : '';

  it('is named by its folder', () => {
    const [, kind, name] = folder.split('/');
    expect([kinds[manifest.kind], manifest.name]).toEqual([kind, name]);
  });

  it('has code, unless its expressions are the code, and a test', () => {
    if (manifest.runs === 'expression') return;
    expect(['index.ts', 'guest.ts'].some((name) => existsSync(join(root, folder, name)))).toBe(true);
    expect(filesBelow(folder, '.test.ts')).not.toEqual([]);
  });

  it('explains options, output, an example and troubleshooting', () => {
    for (const title of ['Options', 'Output', 'Example', 'Troubleshooting']) {
      expect(section(readme, title)?.split('\n').slice(1).join('').trim(), title).toBeTruthy();
    }
    expect(readme.startsWith(`# ${manifest.name}\n`)).toBe(true);
  });

  it('documents the options of its manifest, no more and no less', () => {
    if (manifest.runs === 'expression') return;
    const properties = (manifest.options as { properties?: object } | undefined)?.properties ?? {};
    expect(tableNames(section(readme, 'Options') ?? '').sort()).toEqual(Object.keys(properties).sort());
  });

  it('never calls a thing just, easy or simple', () => {
    expect(readme.match(/\b(simply|easily|easy|obviously)\b/gi)).toBeNull();
  });
});

/** Places below a schema with a pattern that nothing says in words. */
function wordless(schema: Json, place: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { pattern, patternErrorMessage } = schema as JsonObject;
  const hasWords = typeof patternErrorMessage === 'string' || /^\^(https\?:\/)?\/$/.test(String(pattern));
  return [
    ...(typeof pattern === 'string' && !hasWords ? [place] : []),
    ...Object.entries(schema).flatMap(([key, value]) => wordless(value, `${place}.${key}`)),
  ];
}

it('says in words what a pattern asks for, since few people read regular expressions', () => {
  const kindsOfObjects = JSON.parse(read('configuration/sources/kinds.json')) as JsonObject;
  const found = folders.flatMap((folder) => wordless(manifestOf(folder).options ?? null, folder));
  expect([...found, ...wordless(kindsOfObjects, 'kinds')]).toEqual([]);
});

it.each([
  ['check', ['checks', 'checks/rule', 'checks/nagios']],
  ['handler', ['handlers']],
])('the READMEs tell an operator every key of a %s', (kind, places) => {
  const { kinds: schemas } = JSON.parse(read('configuration/sources/kinds.json')) as {
    kinds: { [kind: string]: { properties: object } };
  };
  const told = places.flatMap((place) => tableNames(read(`plugins/${place}/README.md`)));
  const keys = Object.keys(schemas[kind]?.properties ?? {});
  expect(keys.length).toBeGreaterThan(10);
  expect(keys.filter((key) => !told.includes(key))).toEqual([]);
});

it('the README of handlers tells every type of event, and all that is known of a check', () => {
  const told = [
    ...(section(read('plugins/handlers/README.md'), 'What it is told') ?? '').matchAll(/`(\w+)`/g),
  ];
  const names = new Set(told.map(([, name]) => name));
  const source = read('sdk/context.ts');
  const types = source.match(/export type EventType =\n((?: {2}\| '\w+';?\n)+)/)?.[1]?.match(/\w+/g) ?? [];
  const keys =
    source.match(/export interface Alert \{\n([\s\S]*?)\n\}/)?.[1]?.match(/^ {2}\w+(?=: )/gm) ?? [];
  expect([types.length, keys.length].every((count) => count > 10)).toBe(true);
  expect([...types, ...keys.map((key) => key.trim())].filter((name) => !names.has(name))).toEqual([]);
});

describe('the YAML of', () => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'opsbro-readme-'));
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  const readmes = [
    'README.md',
    ...[...product, 'config.d', 'test'].flatMap((folder) => filesBelow(folder, 'README.md')),
  ];
  it.each(readmes.filter((path) => existsSync(join(root, path)) && yamlBlocks(read(path)).length > 0))(
    '%s loads',
    (path) => {
      for (const block of yamlBlocks(read(path))) {
        const target = join(scratch, block.path);
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, block.text);
      }
      const configuration = new Configuration({ compileCheck, compileDetector, compileValue }, null);
      const plan = configuration.load(
        {
          config: [join(root, 'config.d'), scratch],
          plugins: { manifests: join(root, 'plugins'), modules: join(root, 'dist', 'plugins') },
          locks: [],
        },
        [],
      );
      const errors = plan.diagnostics.filter(
        ({ severity, place }) => severity === 'error' && place.file.startsWith(scratch),
      );
      expect(
        errors.map(
          ({ place, message }) => `${place.file.slice(scratch.length + 1)}:${place.line} ${message}`,
        ),
      ).toEqual([]);
    },
  );
});
