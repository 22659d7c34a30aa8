import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { checkTypes } from '../../authoring/type-check.ts';
import { packageRoot } from '../../core/assembly.ts';

const folder = mkdtempSync(join(tmpdir(), 'opsbro-type-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([true, false])('finds nothing to check in JavaScript (a single file: %s)', async (isSingleFile) => {
  const path = isSingleFile ? join(folder, 'quick.js') : folder;
  writeFileSync(join(folder, 'quick.js'), 'export default {};\n');
  const place = { path, folder, isSingleFile } as Parameters<typeof checkTypes>[0];
  expect(await checkTypes(place, packageRoot, '')).toEqual([]);
});
