import { readFile } from 'node:fs/promises';
import type { InitializeHook, LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import type { UnderTest } from './sandboxed.ts';

const published: { [name: string]: string } = {
  'opsbro/sdk': new URL('../sdk/index.js', import.meta.url).href,
  'opsbro/sdk/testing': new URL('../sdk/testing/index.js', import.meta.url).href,
};
let plugin: UnderTest | null = null;

/** Learns which plugin is tested in the sandbox; null for none. */
export const initialize: InitializeHook<UnderTest | null> = (data) => {
  plugin = data;
};

/** Finds the published names in this installation, so that a plugin's folder needs no `node_modules`. */
export const resolve: ResolveHook = (specifier, context, next) => {
  const url = Object.hasOwn(published, specifier) ? published[specifier] : undefined;
  return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
};

/**
 * Turns TypeScript into JavaScript, file by file, so that `import.meta.url` and stack traces are the author's. The `index` of the plugin under
 * test becomes its runs in the sandbox.
 */
export const load: LoadHook = async (url, context, next) => {
  if (plugin !== null && url === pathToFileURL(plugin.index).href) {
    const sandboxed = JSON.stringify(new URL('./sandboxed.js', import.meta.url).href);
    const source = `import { sandboxed } from ${sandboxed};\nexport default sandboxed(${JSON.stringify(plugin)});\n`;
    return { format: 'module', source, shortCircuit: true };
  }
  if (!/^file:.*\.ts$/.test(url)) return next(url, context);
  const sourcefile = fileURLToPath(url);
  const { code } = await transform(await readFile(sourcefile, 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'es2023',
    sourcefile,
    sourcemap: 'inline',
  });
  return { format: 'module', source: code, shortCircuit: true };
};
