import { expect, it } from 'vitest';
import { dnsmasqFile, resolvedFile } from '../../cli/generate-resolver.ts';

const door = { address: '127.0.0.1', port: 6766, domain: 'opsbro' };
const lines = (text: string): string[] => text.split('\n').filter((line) => !/^(#|$)/.test(line));

it('sends the domain, and nothing else, from dnsmasq to the agent', () => {
  expect(lines(dnsmasqFile(door))).toEqual(['server=/opsbro/127.0.0.1#6766', 'rebind-domain-ok=/opsbro/']);
});

it('sends the domain from systemd-resolved to the agent', () => {
  expect(lines(resolvedFile(door))).toEqual([
    '[Resolve]',
    'DNS=127.0.0.1:6766',
    'Domains=~opsbro',
    'DNSSEC=no',
  ]);
  expect(resolvedFile({ ...door, address: '::1' })).toContain('DNS=[::1]:6766\n');
});
