import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpsbroError } from '../../core/errors.ts';
import { readOwned } from './lock.ts';
import { signatureName } from './source.ts';

/** What stands in `plugin.sig`, or in `NAME.js.sig` beside a plugin of one file. */
export interface PluginSignature {
  /** Files of the plugin's `node_modules` that it covers. */
  dependencies: string[];
  /** Ed25519, base64. */
  signature: string;
}

const maxBytes = 256 * 1024;
/** SubjectPublicKeyInfo of Ed25519 up to the key's 32 bytes (RFC 8410). */
const ed25519Header = Buffer.from('302a300506032b6570032100', 'hex');

/** Where the signature of a plugin is. */
export function signaturePath(path: string, isFolder: boolean): string {
  return isFolder ? join(path, signatureName) : `${path}.sig`;
}

/** The signature of a plugin; null where there is none that can be read as one. */
export function readSignature(path: string, isFolder: boolean): PluginSignature | null {
  const file = signaturePath(path, isFolder);
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile() || stats.size > maxBytes) return null;
  try {
    const { dependencies, signature } = JSON.parse(readFileSync(file, 'utf8')) as Partial<PluginSignature>;
    const isList = Array.isArray(dependencies) && dependencies.every((name) => typeof name === 'string');
    return isList && typeof signature === 'string' ? { dependencies, signature } : null;
  } catch {
    return null;
  }
}

/** Another use of the same key signs nothing that passes for this. */
function message(sourceDigest: string): Buffer {
  return Buffer.from(`opsbro plugin signature 1\0${sourceDigest}`);
}

/** Signs the digest of a plugin's files with a private key in PEM. Throws OPSBRO_CLI_USAGE when that is no Ed25519 key. */
export function signSource(sourceDigest: string, privateKey: string): string {
  let key: KeyObject;
  try {
    key = createPrivateKey(privateKey);
  } catch (cause) {
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      "the key is no private key in PEM; give --key the file that 'opsbro plugins keygen' wrote",
      { cause },
    );
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new OpsbroError('OPSBRO_CLI_USAGE', `the key is ${key.asymmetricKeyType}, expected ed25519`);
  return sign(null, message(sourceDigest), key).toString('base64');
}

/** Whether a key signed the files of this digest. */
export function isSigned(sourceDigest: string, signature: string, key: KeyObject): boolean {
  try {
    return verify(null, message(sourceDigest), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

/** A fresh pair: the private key in PEM, the public one as `plugin_keys` takes it. */
export function generateSigner(): { privateKey: string; publicKey: string } {
  const pair = generateKeyPairSync('ed25519');
  return {
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}

/**
 * Reads a public key: base64 of its 32 bytes or of its DER form, or the path of a PEM file that nobody but root and this user may write.
 * Throws an Error that says what is wrong with it.
 */
export function readPublicKey(text: string): KeyObject {
  const der = Buffer.from(text, 'base64');
  let key: KeyObject;
  try {
    if (text.startsWith('/')) key = createPublicKey(readOwned(text) ?? '');
    else {
      const whole = der.length === 32 ? Buffer.concat([ed25519Header, der]) : der;
      key = createPublicKey({ key: whole, format: 'der', type: 'spki' });
    }
  } catch (cause) {
    if (cause instanceof OpsbroError) throw cause;
    const what = text.startsWith('/') ? 'no such file, or no public key in PEM' : 'no public key in base64';
    throw new Error(`'${text}' is ${what}`, { cause });
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(`'${text}' is ${key.asymmetricKeyType}, expected ed25519`);
  return key;
}
