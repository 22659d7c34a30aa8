import { register } from 'node:module';
import type { UnderTest } from './sandboxed.ts';

/** Names the variable that tells what is tested, as JSON of `UnderTest`. */
export const underTestName = 'PLUGIN_UNDER_TEST';

// For `node --import`: what a plugin's own tests need to find `opsbro/sdk`, to be TypeScript, and to meet their plugin in the sandbox.
const told = process.env[underTestName];
const data = told === undefined ? null : (JSON.parse(told) as UnderTest);
register('./test-loader.js', import.meta.url, { data });
