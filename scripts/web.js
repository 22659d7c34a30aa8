// Builds the web page into dist/web with Vite, unless it is there and nothing of web/ changed since. All of it together, gzipped, keeps within its size.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const outDir = `${root}dist/web`;
const stamp = `${root}node_modules/.cache/opsbro-web.stamp`;
/** What a browser loads for the first sight of the page, and for all others. */
const maxGzippedBytes = 150 * 1024;

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

/** By content: a file that is written again as it was asks for no new build. */
function fingerprint() {
  const hash = createHash('sha256');
  const made = filesBelow(`${root}web`).filter((path) => !path.endsWith('.test.ts'));
  for (const path of [...made, `${root}package-lock.json`, `${root}scripts/web.js`])
    hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

async function bundle() {
  const { build } = await import('vite');
  await build({
    root: `${root}web`,
    configFile: false,
    // Relative, so that any path may lead here.
    base: './',
    logLevel: 'error',
    // A type that only tsc needs stays out of the way of the bundler.
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2023',
      // Its policy lets a page load files alone, no `data:` in style sheets and no script inside of HTML.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  });
}

function gzippedBytes() {
  return filesBelow(outDir).reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);
}

const now = fingerprint();
const isCurrent =
  existsSync(`${outDir}/index.html`) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now;
if (!isCurrent) {
  await bundle();
  const bytes = gzippedBytes();
  if (bytes > maxGzippedBytes) {
    console.error(
      `opsbro: the web page takes ${Math.ceil(bytes / 1024)} KiB gzipped, of ${maxGzippedBytes / 1024}`,
    );
    process.exit(1);
  }
  mkdirSync(`${root}node_modules/.cache`, { recursive: true });
  writeFileSync(stamp, now);
}
