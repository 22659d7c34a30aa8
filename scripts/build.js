// Builds dist: TypeScript, then the guest bundle that the expression thread runs, overcli as one file, the manifests, the bundles of the program,
// and the web page.
// Exits non-zero on any error.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeStamp } from './stamp.js';

const root = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(`${root}dist`)) rmSync(`${root}node_modules/.cache/opsbro.tsbuildinfo`, { force: true });
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
if (!existsSync(tsc)) {
  console.error("opsbro: nothing to build with; run 'npm install' here, with its development dependencies");
  process.exit(1);
}
const compiled = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
if (existsSync(`${root}scripts/guest.js`)) await import('./guest.js');
if (existsSync(`${root}scripts/overcli.js`)) await import('./overcli.js');
if (existsSync(`${root}scripts/manifests.js`)) await import('./manifests.js');
await import('./bundle.js');
if (existsSync(`${root}scripts/web.js`)) await import('./web.js');
writeStamp(root);
