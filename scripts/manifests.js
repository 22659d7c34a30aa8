// Parses the manifests of the shipped plugins once, so that no start has to: dist/plugins/manifests.json, by the hash of their text.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bakedName, manifestKey, readShipped } from '../dist/configuration/plugins/manifests.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = `${root}dist/plugins/${bakedName}`;
rmSync(file, { force: true });
const { entries, diagnostics } = readShipped(`${root}plugins`, `${root}dist/plugins`);
for (const { place, message } of diagnostics)
  console.error(`${place.file}:${place.line}:${place.column}: ${message}`);
if (diagnostics.length > 0) process.exit(1);
const baked = entries.map(({ folder, manifest }) => [
  manifestKey(readFileSync(`${folder}/plugin.yml`, 'utf8')),
  manifest,
]);
writeFileSync(file, JSON.stringify(Object.fromEntries(baked)));
