// Bundles what runs in QuickJS: for the expression thread the guest runtime with every plugin of `runs: guest`, and for the sandboxes the
// script that comes before a third-party plugin's own.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

const options = {
  bundle: true,
  format: 'iife',
  target: 'es2023',
  charset: 'ascii',
  minify: true,
  legalComments: 'none',
  logLevel: 'error',
};
await build({
  ...options,
  stdin: { contents: lines.join('\n'), resolveDir: root, loader: 'ts' },
  outfile: `${root}dist/language/engine/guest.js`,
});
await build({
  ...options,
  entryPoints: [`${root}sandbox/guest/start.ts`],
  outfile: `${root}dist/sandbox/guest.js`,
  inject: [`${root}sandbox/guest/utf8-length.ts`],
  define: { 'Buffer.byteLength': 'utf8Length' },
});
