import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** How often the files are looked at. `watchFile` follows links, so it also sees a link that points elsewhere, as certbot and Kubernetes do it. */
const lookMs = 5000;

/** A certificate with its chain, and its key; PEM. */
export interface Pair {
  cert: Buffer;
  key: Buffer;
}

/** Reads both, and throws what is wrong with them by name. */
export function readPair(certificate: string, key: string): Pair {
  const pair = { cert: read(certificate, 'tls_certificate'), key: read(key, 'tls_key') };
  try {
    createSecureContext(pair);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`${certificate} and ${key} are no certificate and its key: ${message}`);
  }
  return pair;
}

function read(path: string, option: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`cannot read '${option}' ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/**
 * Calls `changed` with a new pair some seconds after either file was replaced; `bad` with why it cannot be used, which leaves the old one.
 * Between the replacement of one file and the other that is normal, and ends by itself. Gives a function that ends it.
 */
export function watchPair(
  { certificate, key, intervalMs = lookMs }: { certificate: string; key: string; intervalMs?: number },
  changed: (pair: Pair) => void,
  bad: (error: Error) => void,
): () => void {
  const look = (): void => {
    try {
      changed(readPair(certificate, key));
    } catch (error) {
      bad(error as Error);
    }
  };
  const files = [...new Set([certificate, key])];
  for (const file of files) watchFile(file, { interval: intervalMs, persistent: false }, look);
  return () => {
    for (const file of files) unwatchFile(file, look);
  };
}
