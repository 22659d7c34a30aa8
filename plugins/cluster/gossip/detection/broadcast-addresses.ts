import type { NetworkInterfaceInfo } from 'node:os';

/** Interfaces whose broadcast address is asked; a container host may have many more, all of its own. */
const addressLimit = 32;

/**
 * Broadcast addresses by which the neighbours of `listens` hear: those of every IPv4 interface where it is the wildcard, else of the
 * interfaces that its network is on. None where it is IPv6, which has no broadcast.
 */
export function broadcastAddresses(
  listens: string,
  interfaces: { [name: string]: NetworkInterfaceInfo[] | undefined },
): string[] {
  const own = numberOf(listens);
  if (own === undefined && listens !== '::') return [];
  const isEverywhere = own === undefined || own === 0;
  const found = Object.values(interfaces).flatMap((addresses = []) =>
    addresses.flatMap(({ family, address, netmask }) => {
      if (family !== 'IPv4') return [];
      const [at, mask] = [numberOf(address), numberOf(netmask)];
      // The last two: a link of two ends has no broadcast address (RFC 3021), a single address no neighbours.
      if (at === undefined || mask === undefined || mask >= 0xff_ff_ff_fe) return [];
      if (!isEverywhere && (own & mask) >>> 0 !== (at & mask) >>> 0) return [];
      return [textOf((at | ~mask) >>> 0)];
    }),
  );
  return [...new Set(found)].slice(0, addressLimit);
}

function numberOf(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

function textOf(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
