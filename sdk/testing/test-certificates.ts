import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate for `localhost` and `127.0.0.1`, and the authority that signed it. */
export interface TestCertificates {
  /** File of the authority's certificate, PEM: what a client has to trust. */
  caFile: string;
  key: string;
  cert: string;
  /** Removes the files. */
  remove(): void;
}

/** Why certificates cannot be made here, or undefined. */
export const certificatesMissing: string | undefined = hasOpenssl() ? undefined : 'openssl is not installed';

/**
 * Makes an authority and a certificate with the system's openssl, valid from now on for `days` (default 2; 0 makes one that has expired)
 * and `authorityDays` (default 2).
 * @example
 * const { key, cert, caFile } = testCertificates();
 * const server = createServer({ key, cert });
 */
export function testCertificates({
  days = 2,
  authorityDays = 2,
}: {
  days?: number;
  authorityDays?: number;
} = {}): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-certificates-'));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    String(authorityDays),
    '-subj',
    '/CN=Test CA',
  );
  openssl('req', ...key, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=localhost');
  writeFileSync(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  const signed = [
    'x509',
    '-req',
    '-in',
    'request.pem',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
  ];
  openssl(...signed, '-out', 'cert.pem', '-days', String(days), '-extfile', 'names');
  return {
    caFile: at('ca.pem'),
    key: readFileSync(at('key.pem'), 'utf8'),
    cert: readFileSync(at('cert.pem'), 'utf8'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
