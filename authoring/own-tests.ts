import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PluginPlace } from './plugin-place.ts';
import type { UnderTest } from './sandboxed.ts';
import type { Workpiece } from './workshop.ts';

const deadlineMs = 300_000;

/** The tests a plugin has of its own: every `*.test.ts` and `*.test.js` of its folder; of one file, those beside it that bear its name. */
export function ownTests({ folder, isSingleFile, path }: PluginPlace): string[] {
  const stem = path.replace(/\.[^.]+$/, '');
  return readdirSync(folder)
    .filter((name) => /\.test\.(ts|js|mjs)$/.test(name))
    .map((name) => join(folder, name))
    .filter((file) => !isSingleFile || file.startsWith(`${stem}.test.`))
    .sort();
}

/**
 * Runs a plugin's own tests by Node's runner in a process of its own, whose output goes to the descriptor `output`. Their import of the plugin's `index` gives
 * the plugin in the sandbox. Resolves to whether all passed.
 */
export function runOwnTests(
  place: PluginPlace,
  { id, manifest, sandbox }: Workpiece,
  { root, env, output }: { root: string; env: { [name: string]: string | undefined }; output: 1 | 2 },
): Promise<boolean> {
  const index = place.isSingleFile
    ? place.path
    : (['index.ts', 'index.js', 'index.mjs'].map((name) => join(place.folder, name)).find(existsSync) ?? '');
  const told: UnderTest = { index, id, manifest, sandbox };
  const words = [
    '--enable-source-maps',
    '--import',
    join(root, 'dist', 'authoring', 'test-entry.js'),
    '--test',
    '--test-reporter=spec',
    ...ownTests(place),
  ];
  const child = spawn(process.execPath, words, {
    cwd: place.folder,
    env: { ...env, PLUGIN_UNDER_TEST: JSON.stringify(told) },
    stdio: ['ignore', output, 2],
    timeout: deadlineMs,
  });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
