import type { NetworkInterfaceInfo } from 'node:os';
import type { Context, JsonObject } from 'opsbro/sdk';

/** Bits of an interface's flags (netdevice(7)). */
const flagBits = { up: 0x1, broadcast: 0x2, loopback: 0x8, multicast: 0x1000 } as const;

/** Names of `/sys/class/net/<name>/type` (include/uapi/linux/if_arp.h) as ifconfig writes them. */
const linkNames: { [type: string]: string } = {
  1: 'Ethernet',
  32: 'InfiniBand',
  512: 'Point-to-Point Protocol',
  768: 'IPIP Tunnel',
  769: 'IPv6 Tunnel',
  772: 'Local Loopback',
  776: 'IPv6-in-IPv4',
  778: 'GRE',
};

/** Addresses by interface, as `os.networkInterfaces()` gives them. */
export type Addresses = { [name: string]: NetworkInterfaceInfo[] | undefined };

/** What `/sys/class/net/<name>` and the address table tell of one interface; undefined when it has just vanished. */
export async function describeInterface(
  ctx: Context,
  name: string,
  addresses: Addresses,
): Promise<JsonObject | undefined> {
  const file = async (path: string) => (await ctx.tryReadText(`/sys/class/net/${name}/${path}`))?.trim();
  const [flagText, type, mac, state, mtu, speed] = await Promise.all(
    ['flags', 'type', 'address', 'operstate', 'mtu', 'speed'].map(file),
  );
  const flags = Number(flagText);
  if (!flagText || !Number.isInteger(flags)) return undefined;
  const has = (bit: number) => (flags & bit) !== 0;
  const own = ownAddresses(name, addresses);
  const first = own.find((address) => address.family === 'IPv4');
  const row: JsonObject = {
    interface: name,
    link_encap: linkNames[type ?? ''] ?? 'UNSPEC',
    hardware_address: mac ?? '',
    ip_address: first?.address ?? '',
    broadcast_address: first && has(flagBits.broadcast) ? broadcastAddress(first.address, first.netmask) : '',
    net_mask: first?.netmask ?? '',
    up: has(flagBits.up),
    // RFC 2863, as the kernel's netif_oper_up(): drivers that do not tell are taken at their word.
    running: has(flagBits.up) && (state === 'up' || state === 'unknown'),
    multicast: has(flagBits.multicast),
    broadcast: has(flagBits.broadcast),
    loopback: has(flagBits.loopback),
    state: state ?? 'unknown',
    mtu: Number(mtu) || 0,
    ipv4: cidrs(own, 'IPv4'),
    ipv6: cidrs(own, 'IPv6'),
  };
  if (Number(speed) > 0) row.speed = Number(speed);
  return row;
}

/** The broadcast address of an IPv4 network; empty when address or mask are none. */
export function broadcastAddress(address: string, mask: string): string {
  const masks = mask.split('.').map(Number);
  const bytes = address.split('.').map((part, index) => Number(part) | (~(masks[index] ?? 0) & 0xff));
  return bytes.length === 4 && bytes.every((byte) => byte >= 0 && byte <= 255) ? bytes.join('.') : '';
}

/** An interface's addresses, those with a label such as `eth0:1` included. */
function ownAddresses(name: string, addresses: Addresses): NetworkInterfaceInfo[] {
  return Object.entries(addresses)
    .filter(([label]) => label === name || label.startsWith(`${name}:`))
    .flatMap(([, list]) => list ?? []);
}

function cidrs(addresses: NetworkInterfaceInfo[], family: string): string[] {
  return addresses
    .filter((address) => address.family === family)
    .map((address) => address.cidr ?? address.address);
}
