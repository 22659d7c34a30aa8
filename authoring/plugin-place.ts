import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Manifest } from 'opsbro/sdk';
import type { Diagnostic } from '../configuration/model.ts';
import { Findings } from '../configuration/sources/findings.ts';
import { checkOptionSchema, manifestHeader, parseManifest } from '../configuration/sources/manifest-text.ts';
import { type Path, parseYaml } from '../configuration/sources/yaml.ts';
import { OpsbroError } from '../core/errors.ts';

/** A plugin as its author has it: a folder, or one file that opens with its manifest. */
export interface PluginPlace {
  /** Absolute path of the folder or file. */
  path: string;
  /** Directory of the manifest, with no final slash. */
  folder: string;
  isSingleFile: boolean;
  /** File that holds the manifest. */
  manifestFile: string;
  manifest: Manifest;
  /** `<kind>/<name>`. */
  id: string;
  /** Where the types of its options are written. */
  types: string;
}

/**
 * Reads the manifest of the plugin at `path`: a folder with `plugin.yml`, the `plugin.yml` itself, or a file that opens with a manifest. Runs none of its code.
 * Throws `OPSBRO_PLUGIN_MANIFEST` with every finding and its place, one a line; `OPSBRO_CLI_USAGE` where no plugin is.
 */
export function readPlugin(path: string): PluginPlace {
  const full = resolve(path.replace(/(^|\/)plugin\.yml$/, '$1.'));
  const stats = statSync(full, { throwIfNoEntry: false });
  if (stats === undefined) throw new OpsbroError('OPSBRO_CLI_USAGE', `${path} does not exist`);
  const isSingleFile = stats.isFile();
  const manifestFile = isSingleFile ? full : join(full, 'plugin.yml');
  if (!isSingleFile && !existsSync(manifestFile))
    throw new OpsbroError('OPSBRO_CLI_USAGE', `${path} holds no plugin.yml: it is no plugin`);
  const manifest = manifestOf(manifestFile, isSingleFile, relative('.', manifestFile));
  return {
    path: full,
    folder: isSingleFile ? dirname(full) : full,
    isSingleFile,
    manifestFile,
    manifest,
    id: `${manifest.kind}/${manifest.name}`,
    types: isSingleFile ? full.replace(/\.[^.]+$/, '.options.d.ts') : join(full, 'plugin.d.ts'),
  };
}

function manifestOf(file: string, isSingleFile: boolean, shown: string): Manifest {
  const text = readFileSync(file, 'utf8');
  const header = isSingleFile ? manifestHeader(text) : text;
  if (header === null)
    throw new OpsbroError(
      'OPSBRO_PLUGIN_MANIFEST',
      `${shown}:1:1: a plugin in one file opens with '/*---', its manifest and '---*/'`,
    );
  const findings = new Findings();
  const firstLine = isSingleFile ? 1 : 0;
  const manifest = parseManifest(header, shown, firstLine, findings);
  if (manifest === undefined || !checkOptionSchema(header, shown, firstLine, findings))
    throw new OpsbroError('OPSBRO_PLUGIN_MANIFEST', findings.list.map(placed).join('\n'));
  return manifest;
}

/** `file:line:column` of a value of the manifest. */
export function placeIn({ manifestFile, isSingleFile }: PluginPlace, path: Path): string {
  const text = readFileSync(manifestFile, 'utf8');
  const [document] = parseYaml((isSingleFile ? manifestHeader(text) : text) ?? '').documents;
  const { line, column } = document?.locate(path, 'value') ?? { line: 1, column: 1 };
  return `${relative('.', manifestFile)}:${line + (isSingleFile ? 1 : 0)}:${column}`;
}

function placed({ place, message }: Diagnostic): string {
  return `${place.file}:${place.line}:${place.column}: ${message}`;
}
