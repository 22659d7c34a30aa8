import { isIP } from 'node:net';
import { readQuantity } from 'opsbro/sdk';
import { domainLabels } from './names.ts';

/** Options as the manifest declares them. */
export interface Options {
  port: number;
  address: string;
  domain: string;
  ttl: string;
  only_passing: boolean;
  strict_zone: boolean;
  ports: { [group: string]: number };
}

/** Options as the service uses them. */
export interface Settings {
  port: number;
  address: string;
  domain: string[];
  ttlSeconds: number;
  onlyPassing: boolean;
  isStrict: boolean;
  /** By group as names spell it. */
  ports: ReadonlyMap<string, number>;
}

/** Throws with what is wrong. */
export function settingsOf(options: Options): Settings {
  const { port, address, only_passing, strict_zone, ports } = options;
  if (isIP(address) === 0) throw new Error(`'address' is no address: ${address}`);
  const domain = domainLabels(options.domain);
  if (domain === undefined) throw new Error(`'domain' is no name of a domain: ${options.domain}`);
  return {
    port,
    address,
    domain,
    ttlSeconds: Math.round(readQuantity(options.ttl)),
    onlyPassing: only_passing,
    isStrict: strict_zone,
    ports: new Map(Object.entries(ports).map(([group, number]) => [asLabel(group), number])),
  };
}

/** A group as a name spells it. */
export function asLabel(group: string): string {
  return group.replaceAll('::', '--').toLowerCase();
}
