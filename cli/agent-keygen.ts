import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { CliContext } from './context.ts';

/** Prints fresh keys: 16 random bytes in base64 for the gossip, and an RSA-2048 pair in PKCS#1 PEM. Nothing is written to disk. */
export function printKeys(cli: CliContext): void {
  const gossip = randomBytes(16).toString('base64');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const keys = { gossip_key: gossip, public_key: publicKey, private_key: privateKey };
  cli.show(keys, () =>
    [
      cli.paint.bold('Gossip key (AES-128, base64)'),
      gossip,
      '',
      cli.paint.bold('Public key of the zone (RSA-2048, PKCS#1)'),
      publicKey,
      cli.paint.bold('Private key of the zone: keep it secret'),
      privateKey,
    ].join('\n'),
  );
}
