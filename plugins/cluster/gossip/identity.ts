import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type VerifyJsonWebKeyInput,
  verify,
} from 'node:crypto';

/** How a node signs what it says of itself, and judges what others say of themselves. */
export interface Identity {
  /** Ed25519 public key, raw 32 bytes; empty where nodes do not sign. */
  key: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
  verify(key: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** DER that stands before the 32 bytes of an Ed25519 public key (RFC 8410). */
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex');

/** A fresh private key in PKCS#8 PEM, for `ed25519Identity`. */
export function generateIdentity(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The identity of a private key that `generateIdentity` made. Throws where the text is no Ed25519 key. */
export function ed25519Identity(pem: string): Identity {
  const own = createPrivateKey(pem);
  if (own.asymmetricKeyType !== 'ed25519')
    throw new TypeError(`not an Ed25519 key: ${own.asymmetricKeyType}`);
  const spki = createPublicKey(own).export({ type: 'spki', format: 'der' });
  return {
    key: new Uint8Array(spki.subarray(spkiHead.length)),
    sign: (bytes) => new Uint8Array(sign(null, bytes, own)),
    verify: (key, bytes, signature) =>
      key.length === 32 && signature.length === 64 && verify(null, bytes, publicKey(key), signature),
  };
}

/** Where nodes do not sign, as in simulations: everything without a key and a signature is believed. */
export const unsignedIdentity: Identity = {
  key: new Uint8Array(),
  sign: () => new Uint8Array(),
  verify: (key, _bytes, signature) => key.length === 0 && signature.length === 0,
};

function publicKey(raw: Uint8Array): VerifyJsonWebKeyInput {
  // As a JWK (RFC 8037) it costs a sixth of what DER does, and less without an object of its own: every new member brings one.
  const x = Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('base64url');
  return { key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' };
}
