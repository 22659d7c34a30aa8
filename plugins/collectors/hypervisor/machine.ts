/** What the kernel and the firmware show of the machine; a missing file is undefined. */
export interface MachineTraces {
  cpuinfo?: string | undefined;
  vendor?: string | undefined;
  product?: string | undefined;
  board?: string | undefined;
  bios?: string | undefined;
  /** /sys/hypervisor/type */
  hypervisorType?: string | undefined;
  /** /proc/xen/capabilities; empty in a guest. */
  xenCapabilities?: string | undefined;
  /** /proc/device-tree/hypervisor/compatible */
  deviceTree?: string | undefined;
  /** available_clocksource: guests get a clock that bears their hypervisor's name. */
  clocks?: string | undefined;
}

/** A hypervisor by its short name. `qemu` is QEMU that emulates the CPU; with KVM it is `kvm`. */
export type HypervisorKind =
  | 'kvm'
  | 'vmware'
  | 'hyperv'
  | 'xen'
  | 'virtualbox'
  | 'qemu'
  | 'parallels'
  | 'bhyve'
  | 'unknown'
  | 'none';

/** The signature in CPUID leaf 0x40000000, letters only, which Node cannot ask the CPU for. */
const signatures: { [kind in HypervisorKind]: string } = {
  kvm: 'KVMKVMKVM',
  vmware: 'VMwareVMware',
  hyperv: 'MicrosoftHv',
  xen: 'XenVMMXenVMM',
  virtualbox: 'VBoxVBoxVBox',
  qemu: 'TCGTCGTCGTCG',
  parallels: 'lrpepyhvr',
  bhyve: 'bhyvebhyve',
  unknown: '',
  none: '',
};

/**
 * Names the hypervisor below this kernel. The firmware's own words come first, since VirtualBox and others imitate KVM's or
 * Hyper-V's clock; then Xen's files, then the guest clock, then the CPU's `hypervisor` flag, which says only that there is one.
 * A Xen dom0 is `none` with Xen's signature: it is the host of the guests, as systemd-detect-virt(1) sees it.
 */
export function detectHypervisor(traces: MachineTraces): { hypervisor: string; kind: HypervisorKind } {
  if (traces.xenCapabilities?.includes('control_d')) return { hypervisor: signatures.xen, kind: 'none' };
  const kind = fromFirmware(traces) ?? fromKernel(traces) ?? fromEmulator(traces) ?? fromFlag(traces);
  return { hypervisor: signatures[kind], kind };
}

function fromFirmware(traces: MachineTraces): HypervisorKind | undefined {
  const { vendor = '', product = '', board = '', bios = '' } = traces;
  if (/^VMware|^VMW/.test(vendor) || /^VMware/.test(product)) return 'vmware';
  if (/^innotek/.test(vendor) || product.startsWith('VirtualBox') || board.startsWith('VirtualBox'))
    return 'virtualbox';
  if (vendor.startsWith('Microsoft') && product.startsWith('Virtual Machine')) return 'hyperv';
  if (/^Parallels/.test(vendor)) return 'parallels';
  if (/^BHYVE/i.test(vendor) || /^BHYVE/i.test(product) || /^BHYVE/i.test(bios)) return 'bhyve';
  return undefined;
}

function fromKernel(traces: MachineTraces): HypervisorKind | undefined {
  if (traces.hypervisorType === 'xen' || traces.xenCapabilities !== undefined) return 'xen';
  const tree = traces.deviceTree ?? '';
  if (tree.includes('xen,xen')) return 'xen';
  if (tree.includes('linux,kvm')) return 'kvm';
  if (tree.includes('vmware')) return 'vmware';
  const clocks = (traces.clocks ?? '').split(/\s+/);
  if (clocks.includes('kvm-clock')) return 'kvm';
  if (clocks.includes('xen')) return 'xen';
  return clocks.some((clock) => clock.startsWith('hyperv_')) ? 'hyperv' : undefined;
}

function fromEmulator(traces: MachineTraces): HypervisorKind | undefined {
  const { vendor = '', product = '', board = '', bios = '' } = traces;
  if (vendor === 'Xen') return 'xen';
  if (product.includes('KVM') || product === 'Google Compute Engine') return 'kvm';
  // Firmware of Amazon's bare-metal sizes names the vendor as well.
  if (vendor === 'Amazon EC2' && !product.includes('.metal')) return 'kvm';
  const emulator = [vendor, product, board, bios, traces.cpuinfo ?? ''];
  return emulator.some((text) => /\bQEMU\b|\bBochs\b/.test(text)) ? 'qemu' : undefined;
}

function fromFlag(traces: MachineTraces): HypervisorKind {
  return /^flags\s*:.*\bhypervisor\b/m.test(traces.cpuinfo ?? '') ? 'unknown' : 'none';
}
