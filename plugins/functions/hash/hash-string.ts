import { createHash } from 'node:crypto';
import type { Json } from 'opsbro/sdk';

const algorithms: readonly string[] = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

/** The hash of a string's UTF-8 bytes, lower-case hexadecimal. Throws for an algorithm it does not know and for what is no string. */
export function hashString(string: Json, algorithm: Json): string {
  if (typeof string !== 'string') throw new Error('the first argument must be a string');
  if (typeof algorithm !== 'string' || !algorithms.includes(algorithm.toLowerCase()))
    throw new Error(`algorithm ${String(algorithm)} is unknown; use ${algorithms.join(', ')}`);
  return createHash(algorithm.toLowerCase()).update(string, 'utf8').digest('hex');
}
