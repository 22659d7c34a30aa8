// Tells whether dist is as new as the sources, by the newest change time of what is built from.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const sources = [
  'sdk',
  'core',
  'configuration',
  'control',
  'alerting',
  'authoring',
  'store',
  'exec',
  'importing',
  'language',
  'overcli',
  'replay',
  'sandbox',
  'threads',
  'plugins',
  'cli',
  'test/bench',
  'test/soak',
  'web',
  'scripts',
  'tsconfig.json',
  'tsconfig.build.json',
];

function fingerprint(root) {
  let newest = 0;
  let count = 0;
  const visit = (path) => {
    const stat = statSync(path);
    if (stat.isDirectory()) {
      for (const name of readdirSync(path)) if (name !== 'testdata') visit(join(path, name));
      return;
    }
    count += 1;
    if (stat.mtimeMs > newest) newest = stat.mtimeMs;
  };
  for (const source of sources) if (existsSync(join(root, source))) visit(join(root, source));
  return `${count} ${newest}`;
}

/** Records what dist was built from. */
export function writeStamp(root) {
  writeFileSync(join(root, 'dist', '.stamp'), fingerprint(root));
}

/** True when dist exists and nothing it is built from has changed since; a package without sources is always current. */
export function isCurrent(root) {
  if (!existsSync(join(root, 'core', 'agent.ts')))
    return existsSync(join(root, 'dist', 'bundle', 'opsbro.js'));
  const stamp = join(root, 'dist', '.stamp');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root);
}
