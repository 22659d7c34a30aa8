import { randomFillSync } from 'node:crypto';

const tokenBytes = 8;
/** Asking for randomness costs as much as starting a command does otherwise here, so that many tokens are made at a time. */
const pool = Buffer.alloc(512 * tokenBytes);
let at = pool.length;

/** A word that nobody can guess. */
export function randomToken(): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  at += tokenBytes;
  return pool.toString('hex', at - tokenBytes, at);
}
