// Bundles what every start of a command or an agent loads: a few files instead of hundreds halve the time a process takes to load them.
// dist/bundle holds them beside the modules they are made of, which threads and plugins load; most packages stay outside.
import { readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}dist/bundle`;

/** A module finds its neighbours by its own address, which is that of the bundle now. */
const keepAddresses = {
  name: 'keep-addresses',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist\/.*\.js$/ }, ({ path }) => {
      const address = `new URL(${JSON.stringify(relative(folder, path))}, import.meta.url).href`;
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', address), loader: 'js' };
    });
  },
};

/** Packages of a hundred files that the configuration thread or every command loads: as one file they cost a quarter less. They keep no state. */
const inside = new Set([
  'ajv',
  'commander',
  'croner',
  'fast-deep-equal',
  'fast-uri',
  'json-schema-traverse',
  'yaml',
]);

/** All other packages stay outside. */
const packages = {
  name: 'packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path }) => {
      const name = path
        .split('/')
        .slice(0, path.startsWith('@') ? 2 : 1)
        .join('/');
      return inside.has(name) ? undefined : { path, external: true };
    });
  },
};

rmSync(folder, { recursive: true, force: true });
await build({
  entryPoints: [`${root}dist/cli/opsbro.js`, `${root}dist/threads/config-thread.js`],
  outdir: folder,
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Packages that are no ES modules ask for those of Node by 'require'.
  banner: { js: "import { createRequire as _r } from 'node:module'; const require = _r(import.meta.url);" },
  legalComments: 'none',
  logLevel: 'error',
  plugins: [keepAddresses, packages],
});
