// Bundles the client of the push server into one file that needs nothing but Node, so that it can be copied to a host by itself.
import { chmodSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const outfile = `${root}dist/overcli/overcli.cjs`;
await build({
  entryPoints: [`${root}overcli/overcli.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  // CommonJS starts sooner than ESM, and runs without an ending in its name; an `import()` of a part of Node is a `require` then.
  format: 'cjs',
  supported: { 'dynamic-import': false },
  target: 'node18',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'error',
  define: { overcliVersion: JSON.stringify(version) },
});
chmodSync(outfile, 0o755);
