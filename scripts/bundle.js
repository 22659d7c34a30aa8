// Bundles what every start of a command or an agent loads: a few files instead of hundreds halve the time a process takes to load them.
// dist/bundle holds them beside the modules they are made of, which threads and plugins load; packages stay outside.
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
  packages: 'external',
  legalComments: 'none',
  logLevel: 'error',
  plugins: [keepAddresses],
});
