import { randomBytes } from 'node:crypto';
import { type ZoneKey, zoneKey } from '../seal.ts';

/** A fresh key in base64: 16 bytes, as OpsBro's files `<zone>.gossip.key` hold. */
export function generateZoneKey(): string {
  return randomBytes(16).toString('base64');
}

/** Reads a key in base64, of 16 bytes (OpsBro's) or 32. Throws RangeError that says what is wrong, never the key. */
export function readZoneKey(text: string): ZoneKey {
  const trimmed = text.trim();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed) || trimmed.length % 4 !== 0)
    throw new RangeError('the key is not valid: it is not base64');
  const bytes = Buffer.from(trimmed, 'base64');
  if (bytes.length !== 16 && bytes.length !== 32)
    throw new RangeError(`the key is not valid: it has ${bytes.length} bytes, 16 or 32 are wanted`);
  return zoneKey(bytes);
}
