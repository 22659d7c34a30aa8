// `npm install` builds; an install without development dependencies, or of the published package, has nothing to build.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const canBuild =
  existsSync(`${root}node_modules/typescript/bin/tsc`) && existsSync(`${root}scripts/build.js`);
if (canBuild) await import('./built.js');
