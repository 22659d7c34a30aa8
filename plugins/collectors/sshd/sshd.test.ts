import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import sshd from './index.ts';
import { withoutKeyType } from './key.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

describe('withoutKeyType', () => {
  it.each([
    ['ssh-rsa AAAAB3NzaC1yc2EAAA== root@web1\n', 'AAAAB3NzaC1yc2EAAA== root@web1'],
    ['ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNo', 'AAAAE2VjZHNhLXNo'],
    ['sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1l a key', 'AAAAGnNrLXNzaC1l a key'],
    ['# comment\nssh-dss AAAAB3NzaC1kc3MAAACB\n', 'AAAAB3NzaC1kc3MAAACB'],
    ['', undefined],
    ['ssh-rsa', undefined],
    ['ssh-rsa AAAA', undefined],
    ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n', undefined],
  ])('reads %j', (text, key) => expect(withoutKeyType(text)).toBe(key));
});

describe('collector/sshd', () => {
  it('yields the keys of a current server', async () => {
    const root = new URL('testdata/debian-12/', folder);
    expect(await runVerb(sshd, fixtureContext({ root }))).toEqual({
      status: 'done',
      value: {
        host_rsa_key_pub: 'AAAAB3NzaC1yc2EAAAADAQABAAABgQEXAMPLEEXAMPLEEXAMPLErsa== root@web1',
        host_ecdsa_key_pub:
          'AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEXAMPLEEXAMPLEEXAMPLEecdsa= root@web1',
        host_ed25519_key_pub: 'AAAAC3NzaC1lZDI1NTE5AAAAIEXAMPLEEXAMPLEEXAMPLEEXAMPLEed25519 root@web1',
      },
    });
  });

  it('yields the keys of an old server, without comments', async () => {
    const root = new URL('testdata/centos-6/', folder);
    expect(await runVerb(sshd, fixtureContext({ root }))).toEqual({
      status: 'done',
      value: {
        host_rsa_key_pub: 'AAAAB3NzaC1yc2EAAAABIwAAAQEAEXAMPLEEXAMPLErsa==',
        host_dsa_key_pub: 'AAAAB3NzaC1kc3MAAACBAEXAMPLEEXAMPLEEXAMPLEdsa=',
      },
    });
  });

  it.each([
    ['no key is there', {}],
    ['the only key is empty', { '/etc/ssh/ssh_host_rsa_key.pub': '' }],
  ])('is not eligible when %s', async (_, files) => {
    expect((await runVerb(sshd, fixtureContext({ files }))).status).toBe('not-eligible');
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, sshd, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
