import { readQuantity } from 'opsbro/sdk';
import { isLoopback } from './client-address.ts';

/** Options as the manifest declares them. */
export interface Options {
  address: string;
  port: number;
  names: string[];
  anonymous: 'read' | 'none';
  tls_certificate?: string;
  tls_key?: string;
  trusted_proxies: string[];
  base_path: string;
  origins: string[];
  address_rate: number;
  token_rate: number;
  header_timeout: string;
  request_timeout: string;
  answer_timeout: string;
  max_connections: number;
  max_connections_per_address: number;
}

/** An option of the format `duration`, in milliseconds; 1 at least, since 0 means no limit to Node. */
export function milliseconds(duration: string): number {
  return Math.max(1, Math.round(readQuantity(duration) * 1000));
}

/** The files of TLS; undefined where it speaks in clear. Throws where tokens would be sent over a network in clear. */
export function tlsFiles(options: Options): { certificate: string; key: string } | undefined {
  const { address, tls_certificate: certificate, tls_key: key, trusted_proxies } = options;
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  if (certificate !== undefined || key !== undefined)
    throw new Error("TLS takes 'tls_certificate' and 'tls_key', both");
  if (isLoopback(address) || trusted_proxies.length > 0) return undefined;
  throw new Error(
    `on ${address} tokens would be sent in clear: give 'tls_certificate' and 'tls_key', or name the proxies that alone may come in 'trusted_proxies'`,
  );
}
