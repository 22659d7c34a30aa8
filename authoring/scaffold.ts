import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpsbroError } from '../core/errors.ts';

/** The kinds a stranger's plugin can be written for with one verb or a table of functions. */
export const scaffoldKinds = ['collector', 'detector', 'check', 'handler', 'exporter', 'functions'] as const;

/** One of `scaffoldKinds`. */
export type ScaffoldKind = (typeof scaffoldKinds)[number];

const sampleName = 'sample-name';
const namePattern = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** What is to be made. */
export interface ScaffoldRequest {
  kind: ScaffoldKind;
  name: string;
  /** One `.ts` file that opens with the manifest, instead of a folder. */
  isSingleFile: boolean;
  /** Folder of the samples that ship, `authoring/samples`. */
  samples: string;
  /** The `tsconfig.json` of a folder: what makes an editor know `opsbro/sdk`. */
  tsconfig: string;
}

/**
 * The files of a new plugin, by path relative to where it is to be put: a working sample of its kind under the new name. Throws
 * `OPSBRO_CLI_USAGE` for a name that a manifest may not have.
 */
export function scaffold(request: ScaffoldRequest): Map<string, string> {
  const { kind, name, isSingleFile, samples, tsconfig } = request;
  if (!namePattern.test(name)) {
    const why = `'${name}' is no name of a plugin: a-z, 0-9 and '-', beginning with a letter or digit, at most 64 characters`;
    throw new OpsbroError('OPSBRO_CLI_USAGE', why);
  }
  const sample = readTree(join(samples, kind), '');
  const named = new Map(
    [...sample].map(([path, text]) => [path.replaceAll(sampleName, name), rename(text, name)]),
  );
  if (isSingleFile) return new Map([[`${name}.ts`, singleFile(named)]]);
  named.set('tsconfig.json', tsconfig);
  return new Map([...named].sort().map(([path, text]) => [join(name, path), text]));
}

function rename(text: string, name: string): string {
  return text.replaceAll(sampleName, name).replaceAll('sample_name', name.replaceAll('-', '_'));
}

function readTree(folder: string, prefix: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      for (const [inner, text] of readTree(path, `${prefix}${entry.name}/`)) files.set(inner, text);
    else files.set(`${prefix}${entry.name}`, readFileSync(path, 'utf8'));
  }
  return files;
}

/** The manifest, the types of the options, topic files and the code of a folder in one file. */
function singleFile(files: ReadonlyMap<string, string>): string {
  const topics = [...files].filter(
    ([path]) => /^[^/]+\.ts$/.test(path) && !/(\.test|\.d)\.ts$/.test(path) && path !== 'index.ts',
  );
  const code = [...topics.map(([, text]) => text), files.get('index.ts') ?? ''];
  const options = (files.get('plugin.d.ts') ?? '').replace(/^\/\/.*\n\n/, '').replaceAll(/^export /gm, '');
  const imports = new Set<string>();
  const bodies = code.map((text) =>
    text
      .replaceAll(/^import .* from '(.*)';\n/gm, (line, from: string) => {
        if (!from.startsWith('.')) imports.add(line);
        return '';
      })
      .replaceAll(/^export (?!default)/gm, '')
      .trim(),
  );
  const parts = [[...imports].sort().join(''), options, ...bodies].map((part) => part.trim());
  return `/*---\n${files.get('plugin.yml') ?? ''}---*/\n${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
