import { expect, it } from 'vitest';
import { ed25519Identity, generateIdentity, unsignedIdentity } from './identity.ts';

const bytes = Buffer.from('alive');

it('signs so that everybody can tell, and nobody else can', () => {
  const own = ed25519Identity(generateIdentity());
  const stranger = ed25519Identity(generateIdentity());
  const signature = own.sign(bytes);
  expect([own.key.length, signature.length]).toEqual([32, 64]);
  expect(stranger.verify(own.key, bytes, signature)).toBe(true);
  expect(stranger.verify(stranger.key, bytes, signature)).toBe(false);
  expect(own.verify(own.key, Buffer.from('dead'), signature)).toBe(false);
  expect(own.verify(new Uint8Array(), bytes, signature)).toBe(false);
});

it('is the same after a restart', () => {
  const pem = generateIdentity();
  expect(ed25519Identity(pem).key).toEqual(ed25519Identity(pem).key);
});

it('believes only who has no key where nodes do not sign', () => {
  expect(unsignedIdentity.verify(new Uint8Array(), bytes, unsignedIdentity.sign(bytes))).toBe(true);
  expect(unsignedIdentity.verify(new Uint8Array(32), bytes, new Uint8Array(64))).toBe(false);
});
