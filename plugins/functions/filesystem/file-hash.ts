import { createHash } from 'node:crypto';
import type { FunctionContext, Json } from 'opsbro/sdk';
import { absolutePath } from './absolute-path.ts';
import { statOf } from './path-kinds.ts';

const pieceBytes = 1024 * 1024;
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
  // An absolute link of the host's file system means the host's root.
  const target = found.linkTarget?.startsWith('/') ? found.linkTarget : file;
  const digest = await hashOf(ctx, target, algorithm.toLowerCase());
  return digest === expected.trim().toLowerCase();
}

async function hashOf(ctx: FunctionContext, file: string, algorithm: string): Promise<string | undefined> {
  const hash = createHash(algorithm);
  try {
    for (let offset = 0; ; ) {
      const piece = await ctx.readBytes(file, offset, pieceBytes);
      if (piece.length === 0) return hash.digest('hex');
      hash.update(piece);
      offset += piece.length;
    }
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return undefined;
  }
}
