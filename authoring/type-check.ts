import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { editorConfig } from './editor-config.ts';
import { ownTests } from './own-tests.ts';
import type { PluginPlace } from './plugin-place.ts';

const deadlineMs = 60_000;

/** What the TypeScript compiler says: its errors, one a line; `null` where there is none to ask. */
export async function checkTypes(
  place: PluginPlace,
  root: string,
  searchPath: string,
): Promise<string[] | null> {
  if (!hasTypes(place)) return [];
  const compiler = findCompiler(place.folder, root, searchPath);
  if (compiler === undefined) return null;
  const own = join(place.folder, 'tsconfig.json');
  if (!place.isSingleFile && existsSync(own)) return compile(compiler, own, place.folder);
  const scratch = mkdtempSync(join(tmpdir(), 'opsbro-types-'));
  try {
    const config = join(scratch, 'tsconfig.json');
    const files = place.isSingleFile ? singleFiles(place) : [join(place.folder, '*.ts')];
    writeFileSync(config, editorConfig(root, files));
    return await compile(compiler, config, place.folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** JavaScript has nothing to check. */
function hasTypes(place: PluginPlace): boolean {
  return place.isSingleFile
    ? singleFiles(place).length > 0
    : readdirSync(place.folder).some((name) => name.endsWith('.ts'));
}

/** The TypeScript of a plugin in one file: itself, and its tests beside it. Those of JavaScript would find no types of it. */
function singleFiles(place: PluginPlace): string[] {
  if (!place.path.endsWith('.ts')) return [];
  return [place.path, ...ownTests(place).filter((file) => file.endsWith('.ts'))];
}

/** That of the plugin, of this installation, or of the search path. */
function findCompiler(folder: string, root: string, searchPath: string): string[] | undefined {
  for (const from of [folder, root]) {
    try {
      const found = createRequire(join(from, 'index.js')).resolve('typescript/package.json');
      return [process.execPath, join(dirname(found), 'bin', 'tsc')];
    } catch {
      // Not installed there.
    }
  }
  const found = searchPath
    .split(delimiter)
    .map((directory) => join(directory, 'tsc'))
    .find(existsSync);
  return found === undefined ? undefined : [found];
}

function compile([program = '', ...words]: string[], config: string, cwd: string): Promise<string[]> {
  return new Promise((resolve) => {
    const options = { cwd, timeout: deadlineMs, maxBuffer: 4 * 2 ** 20 };
    execFile(program, [...words, '-p', config, '--pretty', 'false'], options, (error, stdout) => {
      const lines = stdout.split('\n').filter((line) => line.trim() !== '');
      resolve(error !== null && lines.length === 0 ? [`the compiler failed: ${error.message}`] : lines);
    });
  });
}
