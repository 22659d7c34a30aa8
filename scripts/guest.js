// Bundles the guest runtime and every plugin of `runs: guest` into the one script that the expression thread evaluates in QuickJS.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}plugins/functions/`;
const names = existsSync(folder) ? readdirSync(folder).sort() : [];
const topics = names.flatMap((name) => {
  const path = `${folder}${name}/plugin.yml`;
  if (!existsSync(path)) return [];
  const manifest = parse(readFileSync(path, 'utf8'));
  return manifest.runs === 'guest' ? [{ name, declared: Object.keys(manifest.functions ?? {}) }] : [];
});

const lines = [`import { start } from '${root}plugins/functions/basic/runtime/start.ts';`];
topics.forEach(({ name }, index) => {
  lines.push(`import { functions as topic${index} } from '${folder}${name}/guest.ts';`);
});
const table = topics.map(
  ({ name, declared }, index) =>
    `{ plugin: ${JSON.stringify(name)}, declared: ${JSON.stringify(declared)}, functions: topic${index} }`,
);
lines.push(`start(globalThis, [${table.join(', ')}]);`);

mkdirSync(`${root}dist/language/engine`, { recursive: true });
await build({
  stdin: { contents: lines.join('\n'), resolveDir: root, loader: 'ts' },
  outfile: `${root}dist/language/engine/guest.js`,
  bundle: true,
  format: 'iife',
  target: 'es2023',
  charset: 'ascii',
  minify: true,
  legalComments: 'none',
  logLevel: 'error',
});
