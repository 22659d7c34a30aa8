import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { FunctionContext, Json } from 'opsbro/sdk';
import { absolutePath } from './absolute-path.ts';
import { statOf } from './path-kinds.ts';

const algorithms: readonly string[] = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

/**
 * True when the content of a regular file has the hash `expected` (hexadecimal, any case). False when the file is absent or
 * unreadable; throws for an algorithm it does not know. Files of any size are read in pieces until `ctx.signal` fires.
 */
export async function fileHashMatch(
  ctx: FunctionContext,
  path: Json = null,
  algorithm: Json = null,
  expected: Json = null,
): Promise<boolean> {
  const file = absolutePath(path);
  if (typeof algorithm !== 'string' || !algorithms.includes(algorithm.toLowerCase()))
    throw new Error(
      `file_hash_match: algorithm ${String(algorithm)} is unknown; use ${algorithms.join(', ')}`,
    );
  if (typeof expected !== 'string') throw new Error('the hash must be a string');
  const found = await statOf(ctx, file);
  if (found?.type !== 'file') return false;
  // ctx reads text only, and a hash is over bytes: HOST_ROOT is applied here, to the target of an absolute link too.
  const target = found.linkTarget?.startsWith('/') ? found.linkTarget : file;
  const digest = await hashOf(join(ctx.env('HOST_ROOT') || '/', target), algorithm.toLowerCase(), ctx.signal);
  return digest === expected.trim().toLowerCase();
}

async function hashOf(file: string, algorithm: string, signal: AbortSignal): Promise<string | undefined> {
  const hash = createHash(algorithm);
  try {
    for await (const piece of createReadStream(file, { signal })) hash.update(piece as Buffer);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return undefined;
  }
  return hash.digest('hex');
}
