import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type Bundle, bundleText, digestText, readBundle } from '../../sandbox/bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'opsbro-bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bundle: Bundle = {
  format: 1,
  manifest: { api: 1, kind: 'collector', name: 'depth', summary: 'Depth.' },
  code: 'globalThis.opsbroPlugin = {};',
  map: '{}',
};
const text = bundleText(bundle);

it('reads what was kept', () => {
  writeFileSync(join(folder, 'kept.json'), text);
  expect(readBundle(join(folder, 'kept.json'), digestText(text))).toEqual(bundle);
});

it('refuses one byte of difference, and what is gone', () => {
  writeFileSync(join(folder, 'changed.json'), text.replace('{}', '{ }'));
  const refused = expect.objectContaining({ code: 'OPSBRO_PLUGIN_IMPORT' });
  expect(() => readBundle(join(folder, 'changed.json'), digestText(text))).toThrow(refused);
  expect(() => readBundle(join(folder, 'none.json'), digestText(text))).toThrow(refused);
});

it('refuses a bundle of another format, though its digest is right', () => {
  const later = text.replace('"format":1', '"format":2');
  writeFileSync(join(folder, 'later.json'), later);
  expect(() => readBundle(join(folder, 'later.json'), digestText(later))).toThrow(/another version/);
});
