import type { CliContext } from './context.ts';
import { reachable, serviceOptions } from './generate-options.ts';

/** Where the DNS service answers, and for which domain. */
export interface DnsDoor {
  address: string;
  port: number;
  /** Without dots at its ends. */
  domain: string;
}

/** Prints the file for a resolver of this host, from the options of the service `dns`. */
export async function generateResolver(cli: CliContext, resolver: 'dnsmasq' | 'resolved'): Promise<void> {
  const { door, isConfigured } = await findDoor(cli);
  const text = resolver === 'dnsmasq' ? dnsmasqFile(door) : resolvedFile(door);
  if (!isConfigured)
    cli.note(
      "No file of the configuration has 'dns:', so these are its defaults; 'dns: {enabled: true}' starts it.",
    );
  cli.show({ ...door, text }, () => text);
}

async function findDoor(cli: CliContext): Promise<{ door: DnsDoor; isConfigured: boolean }> {
  const options = await serviceOptions(cli);
  const door = {
    address: reachable(String(options.of('dns', 'address', '127.0.0.1'))),
    port: Number(options.of('dns', 'port', 6766)),
    domain: String(options.of('dns', 'domain', '.opsbro'))
      .toLowerCase()
      .replace(/^\.|\.$/g, ''),
  };
  return { door, isConfigured: options.has('dns') };
}

/** A file of `/etc/dnsmasq.d`: names of the domain are asked of the agent, and all others where they were asked before. */
export function dnsmasqFile({ address, port, domain }: DnsDoor): string {
  return `# Written by 'opsbro generate dnsmasq'. Save as /etc/dnsmasq.d/opsbro.conf, then: service dnsmasq restart
#
# The programs of this host ask dnsmasq once it is the first server of /etc/resolv.conf, before those that stand there:
#   nameserver 127.0.0.1
# dnsmasq reads the servers behind it from the same file, and leaves itself out. Where a program writes that file (dhclient, resolvconf,
# NetworkManager), tell that program. Try it with: dig linux.group.all.${domain}

server=/${domain}/${address}#${port}
# Nodes may have private addresses, which stop-dns-rebind would drop.
rebind-domain-ok=/${domain}/
# Names for the addresses of nodes: one line for each network that has no other server.
#rev-server=10.0.0.0/8,${address}#${port}`;
}

/** A file of `/etc/systemd/resolved.conf.d`. A port beside a server's address needs systemd 246. */
export function resolvedFile({ address, port, domain }: DnsDoor): string {
  const server = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  return `# Written by 'opsbro generate resolved'. Save as /etc/systemd/resolved.conf.d/opsbro.conf, then:
#   systemctl restart systemd-resolved
#
# It needs systemd 246 or later, and /etc/resolv.conf as systemd-resolved makes it: a link to /run/systemd/resolve/stub-resolv.conf, which
# holds 'nameserver 127.0.0.53'. Try it with: resolvectl query linux.group.all.${domain}

[Resolve]
DNS=${server}
Domains=~${domain}
# The domain is signed by nobody.
DNSSEC=no`;
}
