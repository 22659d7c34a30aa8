// Builds when dist is missing or older than the sources (installs with --ignore-scripts, edits since the last build).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
if (existsSync(`${root}scripts/stamp.js`)) {
  const { isCurrent } = await import('./stamp.js');
  if (!isCurrent(root)) {
    const built = spawnSync(process.execPath, [`${root}scripts/build.js`], { cwd: root, stdio: 'inherit' });
    process.exit(built.status ?? 1);
  }
}
