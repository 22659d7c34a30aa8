import type { NetworkInterfaceInfo } from 'node:os';

/** Addresses by interface, as `os.networkInterfaces()` gives them. */
export type Addresses = { [name: string]: NetworkInterfaceInfo[] | undefined };

/** Interfaces that lead to containers and virtual machines of this host only. */
const innerInterface = /^(?:docker|br-|veth|virbr|lxc|lxd|cni|flannel|cali|podman)/;

/** Networks in the order in which one of their addresses is taken for the host's own; then all others. */
const preferred = ['192.', '172.', '10.'];

/** A line of `/etc/hosts`: an address and its names. */
export interface HostsEntry {
  address: string;
  names: string[];
}

/** The entries of a hosts(5) text, without comments. */
export function parseHosts(text: string): HostsEntry[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    return names.length > 0 ? [{ address, names }] : [];
  });
}

/** The host's full name: its own when it has dots, else the one that `/etc/hosts` puts beside it, else its own. */
export function fullName(hostname: string, hosts: HostsEntry[]): string {
  if (hostname.includes('.')) return hostname;
  const beside = hosts.filter((entry) => entry.names.includes(hostname)).flatMap((entry) => entry.names);
  return beside.find((name) => name.startsWith(`${hostname}.`)) ?? hostname;
}

/**
 * The address that stands for the host: what `/etc/hosts` gives its name if that is its own and leads outside, else its first
 * IPv4 address by `preferred`, those of inner interfaces last, else a global IPv6 address, else `127.0.0.1`.
 */
export function localAddress(hostname: string, hosts: HostsEntry[], addresses: Addresses): string {
  const outside = Object.entries(addresses)
    .flatMap(([name, list]) => (list ?? []).map((info) => ({ name, address: info.address, info })))
    .filter(({ info, address }) => !info.internal && !address.startsWith('169.254.'));
  const named = hosts
    .filter((entry) => entry.names.includes(hostname))
    .find((entry) => outside.some(({ address }) => address === entry.address));
  if (named !== undefined) return named.address;
  const ranked = outside
    .filter(({ info }) => info.family === 'IPv4')
    .map(({ name, address }) => ({ address, rank: rankOf(name, address) }))
    .sort((a, b) => a.rank - b.rank);
  const global = outside.find(({ address, info }) => info.family === 'IPv6' && !address.startsWith('fe80'));
  return ranked[0]?.address ?? global?.address ?? '127.0.0.1';
}

function rankOf(name: string, address: string): number {
  const network = preferred.findIndex((prefix) => address.startsWith(prefix));
  const rank = network < 0 ? preferred.length : network;
  return innerInterface.test(name) ? rank + preferred.length + 1 : rank;
}
