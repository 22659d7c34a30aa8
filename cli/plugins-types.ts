import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { optionTypes } from '../authoring/option-types.ts';
import { readPlugin } from '../authoring/plugin-place.ts';
import type { CliContext } from './context.ts';

/** Writes the types of a plugin's options, made of its manifest, beside its code. */
export function writeTypes(cli: CliContext, path: string): void {
  const source = readPlugin(path);
  const text = optionTypes(source.manifest);
  writeFileSync(source.types, text, { mode: 0o644 });
  cli.show({ path: source.types }, () => `wrote ${relative('.', source.types)}`);
}
