import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type ContainerTraces, detectContainer } from './container.ts';
import collector from './index.ts';
import { detectHypervisor, type MachineTraces } from './machine.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

describe('detectHypervisor', () => {
  const flag = 'flags\t\t: fpu hypervisor lahf_lm';
  const cases: [string, MachineTraces, string, string][] = [
    ['nothing', {}, '', 'none'],
    ['a flag only', { cpuinfo: flag }, '', 'unknown'],
    ['a model that bears the word', { cpuinfo: 'model name\t: hypervisor' }, '', 'none'],
    ['Parallels', { vendor: 'Parallels Software International Inc.' }, 'lrpepyhvr', 'parallels'],
    ['bhyve', { bios: 'BHYVE' }, 'bhyvebhyve', 'bhyve'],
    ['a Surface', { vendor: 'Microsoft Corporation', product: 'Surface Pro 7' }, '', 'none'],
    ['Hyper-V by its clock', { clocks: 'tsc hyperv_clocksource_msr' }, 'MicrosoftHv', 'hyperv'],
    ['Xen by its clock', { clocks: 'xen tsc' }, 'XenVMMXenVMM', 'xen'],
    ['Xen on ARM', { deviceTree: 'xen,xen-4.17\0xen,xen\0' }, 'XenVMMXenVMM', 'xen'],
    ['KVM on POWER', { deviceTree: 'linux,kvm\0' }, 'KVMKVMKVM', 'kvm'],
    ['VMware on ARM', { deviceTree: 'vmware\0' }, 'VMwareVMware', 'vmware'],
    ['a Xen guest without a type', { xenCapabilities: '' }, 'XenVMMXenVMM', 'xen'],
    ['Google on ARM', { vendor: 'Google', product: 'Google Compute Engine' }, 'KVMKVMKVM', 'kvm'],
    ["Amazon's bare metal", { vendor: 'Amazon EC2', product: 'c6g.metal' }, '', 'none'],
    ['Bochs', { bios: 'Bochs' }, 'TCGTCGTCGTCG', 'qemu'],
  ];
  it.each(cases)('tells %s', (_, traces, hypervisor, kind) => {
    expect(detectHypervisor(traces)).toEqual({ hypervisor, kind });
  });
});

describe('detectContainer', () => {
  const nothing = { openvz: false, openvzHost: false, dockerFile: false, podmanFile: false };
  const cases: [string, Partial<ContainerTraces>, string][] = [
    ['nothing', {}, 'none'],
    ['an OpenVZ host', { openvz: true, openvzHost: true }, 'none'],
    ['an OpenVZ container', { openvz: true }, 'openvz'],
    ['LXC by its environment', { environment: 'PATH=/bin\0container=lxc\0' }, 'lxc'],
    ['a variable that ends alike', { environment: 'mycontainer=lxc\0' }, 'none'],
    ['an unknown manager', { manager: 'pouch\n' }, 'other'],
    ['an unknown manager beside a known trace', { manager: 'oci', dockerFile: true }, 'docker'],
    ['a manager called __proto__', { manager: '__proto__' }, 'other'],
    ['an empty manager', { manager: '\n' }, 'none'],
    ['podman with a file of Docker', { podmanFile: true, dockerFile: true }, 'podman'],
    ['Docker by its groups', { cgroups: '4:memory:/docker/4f1a\n' }, 'docker'],
    ['Docker under systemd', { cgroups: '0::/system.slice/docker-4f1a.scope\n' }, 'docker'],
    ['Kubernetes', { cgroups: '3:cpu,cpuacct:/kubepods/burstable/pod1/4f1a\n' }, 'docker'],
    ['podman by its groups', { cgroups: '0::/machine.slice/libpod-4f1a.scope\n' }, 'podman'],
    ['LXC by its groups', { cgroups: '0::/lxc.payload.web/init.scope\n' }, 'lxc'],
    ['LXC by its old groups', { cgroups: '4:memory:/lxc/web\n' }, 'lxc'],
    ['a service called docker', { cgroups: '0::/system.slice/docker.service\n' }, 'none'],
  ];
  it.each(cases)('tells %s', (_, traces, kind) =>
    expect(detectContainer({ ...nothing, ...traces })).toBe(kind),
  );
});

describe('collector/hypervisor', () => {
  it.each([
    ['microvm-linux-6.18', 'KVMKVMKVM', 'kvm', 'docker'],
    ['kvm-linux-5.10', 'KVMKVMKVM', 'kvm', 'none'],
    ['qemu-tcg-linux-5.10', 'TCGTCGTCGTCG', 'qemu', 'none'],
    ['vmware-linux-4.19', 'VMwareVMware', 'vmware', 'none'],
    ['virtualbox-linux-5.15', 'VBoxVBoxVBox', 'virtualbox', 'none'],
    ['hyperv-linux-5.4', 'MicrosoftHv', 'hyperv', 'lxc'],
    ['xen-domu-linux-3.10', 'XenVMMXenVMM', 'xen', 'none'],
    ['xen-dom0-linux-4.19', 'XenVMMXenVMM', 'none', 'none'],
    ['openvz-linux-2.6.32', '', 'none', 'openvz'],
    ['graviton-linux-6.1', 'KVMKVMKVM', 'kvm', 'systemd-nspawn'],
    ['metal-linux-6.8', '', 'none', 'podman'],
  ])('recognises %s', async (host, hypervisor, kind, container) => {
    const root = new URL(`testdata/${host}/`, folder);
    expect(await runVerb(collector, fixtureContext({ root }))).toEqual({
      status: 'done',
      value: { hypervisor, kind, container },
    });
  });

  it('finds nothing on a host that shows nothing', async () => {
    expect(await runVerb(collector, fixtureContext())).toEqual({
      status: 'done',
      value: { hypervisor: '', kind: 'none', container: 'none' },
    });
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, collector, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
