import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '../manifest.ts';
import type { JsonObject } from '../values.ts';

/** The sections every plugin's README has, in this order. */
export const readmeSections = ['## Options', '## Output', '## Example', '## Troubleshooting'] as const;

/** Throws unless the folder's name, `plugin.yml` and the parsed manifest tell the same story. */
export function checkManifest(kind: string, folder: URL, manifest: Manifest): void {
  const path = fileURLToPath(folder).replace(/\/$/, '');
  expectThat(existsSync(`${path}/plugin.yml`), `${path}: plugin.yml is missing`);
  expectThat(manifest.api === 1, `${path}/plugin.yml: api must be 1`);
  expectThat(manifest.kind === kind, `${path}/plugin.yml: kind is '${manifest.kind}', expected '${kind}'`);
  expectThat(
    manifest.name === basename(path),
    `${path}/plugin.yml: name is '${manifest.name}', expected the folder's`,
  );
  expectThat(/\S\.$/.test(manifest.summary), `${path}/plugin.yml: summary must be a sentence`);
}

/** Throws unless README.md opens with the plugin's name and has the fixed sections in order. */
export function checkReadme(folder: URL, manifest: Manifest): void {
  const text = readReadme(folder);
  expectThat(text.startsWith(`# ${manifest.name}\n`), `README.md must open with '# ${manifest.name}'`);
  const found = text.split('\n').filter((line) => line.startsWith('## '));
  const fixed = found.filter((line) => (readmeSections as readonly string[]).includes(line));
  expectThat(
    fixed.join() === readmeSections.join(),
    `README.md must have the sections ${readmeSections.join(', ')} in order, found ${found.join(', ')}`,
  );
}

/**
 * Throws unless the table under `## Options` names the manifest's options, in order, each as
 * `` | `name` | type | `default` | meaning | ``. A plugin without options writes `None.`
 */
export function checkOptionTable(folder: URL, manifest: Manifest): void {
  const properties = (manifest.options?.properties ?? {}) as { [name: string]: JsonObject };
  const section = readReadme(folder).split('## Options\n')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `([^`]+)` *\|([^|]*)\|([^|]*)\|/gm)].map(
    ([, name = '', , written = '']) => [name, written.trim().replaceAll('`', '')] as const,
  );
  const expected = Object.entries(properties).map(([name, schema]) => [name, shown(schema.default)] as const);
  const wrong = tableFaults(new Map(rows), new Map(expected));
  expectThat(wrong.length === 0, `the option table of README.md ${wrong.join('; ')}`);
  expectThat(
    rows.length > 0 || /^None\./m.test(section),
    "README.md must say 'None.' where there are no options",
  );
  expectThat(
    manifest.options === undefined || manifest.options.additionalProperties === false,
    'options must refuse unknown keys: additionalProperties: false',
  );
}

/** What a table of options, each with its default, has otherwise than the manifest. */
function tableFaults(table: Map<string, string>, manifest: Map<string, string>): string[] {
  const faults: string[] = [];
  for (const [name, value] of manifest) {
    const found = table.get(name);
    if (found === undefined)
      faults.push(`lacks \`${name}\`, ${value === '' ? 'no default' : `default \`${value}\``}`);
    else if (found !== value)
      faults.push(`gives \`${name}\` the default \`${found}\`, plugin.yml \`${value}\``);
  }
  for (const name of table.keys())
    if (!manifest.has(name)) faults.push(`has \`${name}\`, which plugin.yml has not`);
  const names = [...manifest.keys()].join(', ');
  if (faults.length === 0 && [...table.keys()].join(', ') !== names)
    faults.push(`has another order than plugin.yml: ${names}`);
  return faults;
}

/** The options an object without any gets: the manifest's defaults. */
export function defaultOptions(manifest: Manifest): JsonObject {
  const properties = (manifest.options?.properties ?? {}) as { [name: string]: JsonObject };
  const options: JsonObject = {};
  for (const [name, schema] of Object.entries(properties))
    if (schema.default !== undefined) options[name] = structuredClone(schema.default);
  return options;
}

/** Throws an Error with `message` unless `condition` holds. */
export function expectThat(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

function shown(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function readReadme(folder: URL): string {
  const file = new URL('README.md', folder);
  expectThat(
    existsSync(file),
    `there is no README.md; begin it with '# NAME', then ${readmeSections.join(', ')}`,
  );
  return readFileSync(file, 'utf8');
}
