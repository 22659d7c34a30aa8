import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';

/**
 * A plugin as it was approved, in one file: the manifest with permissions and limits, and the code made of all its files. The digest of the
 * file's text pins all of it at once.
 */
export interface Bundle {
  format: 1;
  manifest: Manifest;
  /** One script. It leaves what the plugin's `index` exports by default in the global `opsbroPlugin`. */
  code: string;
  /** Its source map (JSON), whose sources are the author's files relative to the plugin. */
  map: string;
}

/** The text of a bundle's file: the same for the same bundle. */
export function bundleText({ manifest, code, map }: Bundle): string {
  return `${JSON.stringify({ format: 1, manifest, code, map })}\n`;
}

/** SHA-256 (hex) that names a bundle's text. */
export function digestText(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Reads a kept bundle and makes sure that it is what was pinned: the bytes that were hashed are those that are parsed. Throws
 * `OPSBRO_PLUGIN_IMPORT` when it is gone, was changed, or is no bundle.
 */
export function readBundle(path: string, digest: string): Bundle {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new OpsbroError(
      'OPSBRO_PLUGIN_IMPORT',
      `${path}: the approved code is gone; approve the plugin again`,
      {
        cause,
      },
    );
  }
  if (digestText(bytes) !== digest)
    throw new OpsbroError(
      'OPSBRO_PLUGIN_IMPORT',
      `${path}: not the code that was approved; approve the plugin again`,
    );
  const bundle = JSON.parse(bytes.toString('utf8')) as Bundle;
  if (bundle.format !== 1)
    throw new OpsbroError(
      'OPSBRO_PLUGIN_IMPORT',
      `${path}: written by another version; approve the plugin again`,
    );
  return bundle;
}
