import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { extname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  BuildOptions,
  Loader,
  Message,
  OnResolveArgs,
  OnResolveResult,
  Plugin,
  PluginBuild,
} from 'esbuild';
import type { Manifest } from 'opsbro/sdk';
import { Findings } from '../../configuration/sources/findings.ts';
import {
  checkOptionSchema,
  manifestHeader,
  parseManifest,
} from '../../configuration/sources/manifest-text.ts';
import { OpsbroError } from '../../core/errors.ts';
import type { Bundle } from '../bundle.ts';
import { addDependency, dependencyFolder, digestSource, type PluginSource, readSource } from './source.ts';

/** What a plugin's files come to. `sourceDigest` covers them, the files of its dependencies that are in the bundle, and their packages' `package.json`. */
export interface Bundled {
  bundle: Bundle;
  sourceDigest: string;
  source: PluginSource;
}

/** How to bundle. */
export interface BundleOptions {
  /** For a job thread, a module with Node's API, instead of a script for the sandbox. */
  trust?: boolean;
  /** The only files of `node_modules` that may be used; any when not given. */
  dependencies?: readonly string[];
}

const deadlineMs = 30_000;
const loaders: { [ending: string]: Loader } = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.json': 'json',
};
const endings = Object.keys(loaders);
const entryName = 'opsbro:entry';
const startName = 'opsbro';
/** Threads and commands run compiled code; this file may run from source in a test. */
const sdkFolder = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/sdk/' : '../../sdk/', import.meta.url),
);

/**
 * Makes one script of a plugin: a folder or one file, TypeScript or JavaScript, with the dependencies of its own `node_modules` and
 * `opsbro/sdk`. Every file is read once. Runs none of its code. Throws OPSBRO_PLUGIN_MANIFEST, OPSBRO_PLUGIN_BUNDLE with file:line:column of
 * what cannot be bundled, and what `readSource` throws.
 */
export async function bundlePlugin(path: string, options: BundleOptions = {}): Promise<Bundled> {
  const source = readSource(path, options.dependencies);
  const manifest = readManifest(source);
  const { code, map } = await bundleCode(source, options);
  return { bundle: { format: 1, manifest, code, map }, sourceDigest: digestSource(source), source };
}

/** The manifest among a plugin's files. Throws OPSBRO_PLUGIN_MANIFEST with the place of the first thing that is wrong with it. */
export function readManifest({ path, isFolder, files }: PluginSource): Manifest {
  const [name = ''] = isFolder ? ['plugin.yml'] : files.keys();
  const text = files.get(name)?.toString('utf8') ?? '';
  const header = isFolder ? text : manifestHeader(text);
  const file = isFolder ? join(path, name) : path;
  if (!isFolder && header?.includes('*/')) throw endsComment(file, header);
  const findings = new Findings();
  const manifest = header === null ? undefined : parseManifest(header, file, isFolder ? 0 : 1, findings);
  if (manifest !== undefined) checkOptionSchema(header as string, file, isFolder ? 0 : 1, findings);
  const [first] = findings.list;
  if (manifest !== undefined && first === undefined) return manifest;
  const { line, column } = first?.place ?? { line: 1, column: 1 };
  const what = first?.message ?? "the manifest after '/*---' does not end with '---*/'";
  throw new OpsbroError('OPSBRO_PLUGIN_MANIFEST', `${file}:${line}:${column}: ${what}`);
}

/** In one file the manifest is a comment of JavaScript, which the end of a glob such as `*` + `/x` would end. */
function endsComment(file: string, header: string): OpsbroError {
  const before = header.slice(0, header.indexOf('*/')).split('\n');
  const place = `${before.length + 1}:${(before.at(-1)?.length ?? 0) + 1}`;
  const why =
    "'*/' ends the comment that the manifest is; write the pattern otherwise, or make the plugin a folder";
  return new OpsbroError('OPSBRO_PLUGIN_MANIFEST', `${file}:${place}: ${why}`);
}

let running = 0;

async function bundleCode(
  source: PluginSource,
  options: BundleOptions,
): Promise<{ code: string; map: string }> {
  const esbuild = await import('esbuild');
  running += 1;
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      const error = new OpsbroError(
        'OPSBRO_PLUGIN_BUNDLE',
        `${source.path}: not bundled within ${deadlineMs} ms`,
      );
      timer = setTimeout(() => reject(error), deadlineMs);
    });
    const { outputFiles, metafile } = await Promise.race([
      esbuild.build(buildOptions(source, options)),
      late,
    ]);
    const output = (ending: string): string =>
      outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
    const { inputs = {}, imports = [] } = metafile.outputs['plugin.js'] ?? {};
    if (options.trust !== true && imports[0] !== undefined) {
      const why = `what it takes of 'opsbro/sdk' needs Node's module '${imports[0].path}', which a sandboxed plugin does not have`;
      throw new OpsbroError('OPSBRO_PLUGIN_BUNDLE', `${source.path}: ${why}`);
    }
    const bundled = Object.entries(inputs);
    const names = bundled.flatMap(([name, { bytesInOutput }]) => (bytesInOutput > 0 ? [name] : []));
    return { code: output('.js'), map: tidyMap(source, output('.map'), names) };
  } catch (thrown) {
    throw failure(source, thrown);
  } finally {
    clearTimeout(timer);
    running -= 1;
    // Its process is of no use to what runs plugins.
    if (running === 0) await esbuild.stop();
  }
}

/**
 * As `cjs` in a function of its own a script for the sandbox gets no substitute for `require`, which the other formats come with: what is not
 * there is `undefined` for `typeof`.
 */
function buildOptions(
  source: PluginSource,
  { trust = false, dependencies }: BundleOptions,
): BuildOptions & { write: false; metafile: true } {
  const start = trust
    ? `export { default } from '${entryName}';`
    : `import plugin from '${entryName}'; globalThis.opsbroPlugin = plugin;`;
  return {
    stdin: { contents: start, sourcefile: startName, loader: 'js' },
    bundle: true,
    write: false,
    metafile: true,
    outfile: 'plugin.js',
    target: trust ? 'node20' : 'es2023',
    ...(trust
      ? { format: 'esm', platform: 'node' }
      : { format: 'cjs', platform: 'neutral', banner: { js: '(() => {' }, footer: { js: '})();' } }),
    mainFields: ['module', 'main'],
    sourcemap: 'external',
    tsconfigRaw: '{}',
    legalComments: 'none',
    logLevel: 'silent',
    logOverride: trust ? {} : { 'unsupported-dynamic-import': 'error', 'unsupported-require-call': 'error' },
    plugins: [filesOnly(source, trust, dependencies !== undefined)],
  };
}

/** Serves the files of a plugin from memory. esbuild reads none by itself, except to find its way in `node_modules`. */
function filesOnly(source: PluginSource, trust: boolean, isClosed: boolean): Plugin {
  return {
    name: 'opsbro',
    setup(build) {
      build.onResolve({ filter: /./ }, (args) =>
        args.pluginData === 'outside' ? undefined : resolveImport(build, source, args, { trust, isClosed }),
      );
      build.onLoad({ filter: /./, namespace: 'plugin' }, ({ path }) => loadFile(source, path));
      build.onLoad({ filter: /./, namespace: 'sdk' }, ({ path }) => ({
        contents: readFileSync(join(sdkFolder, path)),
        loader: 'js',
      }));
      build.onLoad({ filter: /./, namespace: 'file' }, ({ path }) => refuse(`may not read ${path}`));
    },
  };
}

function refuse(text: string): { errors: { text: string }[] } {
  return { errors: [{ text }] };
}

async function resolveImport(
  build: PluginBuild,
  source: PluginSource,
  { path, namespace, importer, kind }: OnResolveArgs,
  { trust, isClosed }: { trust: boolean; isClosed: boolean },
): Promise<OnResolveResult> {
  const isOwn = namespace === 'plugin' && !importer.startsWith(dependencyFolder);
  if (path === entryName && importer === startName) return findEntry(source);
  if (path === 'opsbro/sdk') return { path: 'index.js', namespace: 'sdk', sideEffects: false };
  // What the sdk has of Node's is for trusted plugins: where nothing of it is used, it is left out.
  if (namespace === 'sdk' && isBuiltin(path)) return { path, external: true, sideEffects: false };
  if (namespace === 'sdk')
    return { path: posix.join(posix.dirname(importer), path), namespace, sideEffects: false };
  if (path.startsWith('opsbro/'))
    return refuse(`'${path}' is not for plugins that run; they import 'opsbro/sdk'`);
  if (/^\.{0,2}\//.test(path) && isOwn)
    return findOwn(source, posix.join(posix.dirname(importer), path), path);
  if (trust && isBuiltin(path)) return { path, external: true };
  if (!source.isFolder && !isBuiltin(path))
    return refuse(`a plugin of one file imports 'opsbro/sdk' alone, found '${path}'; make it a folder`);
  const root = source.isFolder && !path.startsWith('node:') ? realpathSync(source.path) : null;
  const resolveDir = join(root ?? '/', posix.dirname(importer));
  const found = root === null ? null : await build.resolve(path, { kind, resolveDir, pluginData: 'outside' });
  if (found === null || found.errors.length > 0) {
    if (isBuiltin(path))
      return refuse(
        `needs Node's module '${path}', which a sandboxed plugin does not have${insteadOf(path)}`,
      );
    return refuse(`cannot find '${path}'; dependencies are taken from the plugin's own node_modules`);
  }
  const name = relative(root as string, found.path)
    .split(sep)
    .join('/');
  if (found.namespace !== 'file' || !name.startsWith(dependencyFolder))
    return refuse(`'${path}' is not in the plugin's own node_modules`);
  try {
    for (const each of [name, ...packagesOf(root as string, name)]) {
      if (isClosed && !source.files.has(each))
        return refuse(`'${each}' is not among the files that were signed`);
      addDependency(source, each);
    }
  } catch (thrown) {
    return refuse((thrown as Error).message);
  }
  return { path: name, namespace: 'plugin', sideEffects: found.sideEffects };
}

const instead: { [module: string]: string } = {
  fs: "ctx.readText and its like read files that 'permissions: { read: [...] }' names",
  http: "ctx.http asks what 'permissions: { http: [...] }' names",
  net: "ctx.tcp connects to what 'permissions: { tcp: [...] }' names",
  child_process: "ctx.exec runs what 'permissions: { exec: [...] }' names",
  os: "ctx.readText reads what 'permissions: { read: [...] }' names, such as /proc/loadavg",
  process: "ctx.env gives what 'permissions: { env: [...] }' names",
};
const alike: { [module: string]: string } = { https: 'http', http2: 'http', tls: 'net' };

/** What does the same in a sandbox. */
function insteadOf(path: string): string {
  const [module = ''] = path.replace(/^node:/, '').split('/');
  const hint = instead[alike[module] ?? module];
  return hint === undefined ? '' : `; ${hint}`;
}

/** What decided that an import means this file, and whether it is left out where nothing of it is used. */
function packagesOf(root: string, name: string): string[] {
  const steps = posix.dirname(name).split('/');
  const folders = steps.slice(1).map((_, index) => steps.slice(0, index + 2).join('/'));
  return folders.map((folder) => `${folder}/package.json`).filter((path) => existsSync(join(root, path)));
}

function findEntry(source: PluginSource): OnResolveResult {
  const names = source.isFolder
    ? endings.slice(0, 4).map((ending) => `index${ending}`)
    : [...source.files.keys()];
  const found = names.find((name) => source.files.has(name));
  return found === undefined
    ? refuse('the plugin lacks index.ts or index.js')
    : { path: found, namespace: 'plugin' };
}

/** As TypeScript writes them, imports may name `x.js` for `x.ts`, or no ending. */
function findOwn({ files }: PluginSource, wanted: string, path: string): OnResolveResult {
  const name = posix.normalize(wanted);
  if (path.startsWith('/') || name.startsWith('../')) return refuse(`'${path}' leads out of the plugin`);
  const stem = name.replace(/\.(m?)js$/, '.$1ts');
  const candidates = [name, stem, ...endings.map((ending) => `${name}${ending}`)];
  candidates.push(...endings.map((ending) => posix.join(name, `index${ending}`)));
  const found = candidates.find((candidate) => files.has(candidate));
  return found === undefined ? refuse(`cannot find '${path}'`) : { path: found, namespace: 'plugin' };
}

function loadFile(
  { files }: PluginSource,
  name: string,
): { contents: string; loader: Loader } | { errors: { text: string }[] } {
  const loader = loaders[extname(name)];
  const bytes = files.get(name);
  if (loader === undefined || bytes === undefined)
    return refuse(`'${name}' is no code: expected one of ${endings.join(', ')}`);
  try {
    const contents = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return contents.includes('\0') ? refuse(`'${name}' holds a zero byte`) : { contents, loader };
  } catch {
    return refuse(`'${name}' is not UTF-8`);
  }
}

/**
 * Names the author's files as the author does; the sdk's text is the agent's, so only its names are kept. Refuses a map that does not show each
 * bundled file as it was read: one that a file brings along would show people other code than runs.
 */
function tidyMap(source: PluginSource, text: string, bundled: readonly string[]): string {
  const { path, isFolder, files } = source;
  const map = JSON.parse(text) as { sources: string[]; sourcesContent: (string | null)[] };
  const contents = new Map(map.sources.map((name, index) => [name, map.sourcesContent[index] ?? null]));
  for (const name of new Set([...map.sources, ...bundled])) {
    const own = name.startsWith('plugin:') ? name.slice('plugin:'.length) : undefined;
    const isKnown = own === undefined ? /^sdk:|^opsbro$/.test(name) : files.has(own);
    if (isKnown && (own === undefined || contents.get(name) === new TextDecoder().decode(files.get(own))))
      continue;
    const inPlugin = (each: string): string => each.replace(/^plugin:/, '');
    const liar = bundled.find((each) => files.get(inPlugin(each))?.includes('sourceMappingURL=')) ?? name;
    const place = isFolder ? join(path, inPlugin(liar)) : path;
    const what = 'has a source map of its own; leave out the comment with sourceMappingURL';
    throw new OpsbroError('OPSBRO_PLUGIN_BUNDLE', `${place}: ${what}`);
  }
  const sourcesContent = map.sources.map((name) => (name.startsWith('plugin:') ? contents.get(name) : null));
  const sources = map.sources.map((name) => name.replace(/^plugin:/, '').replace(/^sdk:/, 'opsbro/sdk/'));
  return JSON.stringify({ ...map, sources, sourcesContent });
}

function failure(source: PluginSource, thrown: unknown): OpsbroError {
  if (thrown instanceof OpsbroError) return thrown;
  const [first, ...more] = (thrown as { errors?: Message[] }).errors ?? [];
  if (first === undefined) {
    const text = `${source.path}: cannot be bundled: ${(thrown as Error).message}`;
    return new OpsbroError('OPSBRO_PLUGIN_BUNDLE', text, { cause: thrown });
  }
  const { file = startName, line = 1, column = 0 } = first.location ?? {};
  const name = file.replace(/^plugin:/, '');
  const isStart = name === startName;
  const text = isStart && first.text.includes('"default"') ? 'exports no plugin by default' : first.text;
  const [entry = ''] = isStart ? [findEntry(source).path] : [name];
  const path = source.isFolder ? join(source.path, entry ?? '') : source.path;
  const place = isStart ? '1:1' : `${line}:${column + 1}`;
  const rest = more.length === 0 ? '' : `; and ${more.length} more`;
  return new OpsbroError('OPSBRO_PLUGIN_BUNDLE', `${path}:${place}: ${text}${rest}`);
}
