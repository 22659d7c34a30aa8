import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { readQuantity } from 'opsbro/sdk';
import { type Destination, parseDestination } from './forward/hash-ring.ts';

/** Options of the store as agent.yml has them. */
export interface StoreOptions {
  enabled: boolean;
  directory: string;
  max_disk: string;
  max_names: number;
  max_names_per_source: number;
  max_waiting: number;
  flush: string;
  retentions: { pattern: string; retentions: string }[];
  aggregations: { pattern: string; method?: string; x_files_factor?: number }[];
  schemas_file: string;
  aggregation_file: string;
}

/** Options as the manifest declares them. */
export interface Options {
  enabled: boolean;
  address: string;
  port: number;
  udp: boolean;
  tcp: boolean;
  pickle: boolean;
  pickle_port: number;
  max_connections: number;
  idle_timeout: string;
  forward: {
    to: string[];
    protocol: 'lines' | 'pickle';
    copies: number;
    queue: string;
    keep: boolean;
  };
  store: StoreOptions;
}

/** Options as the service uses them. */
export interface Settings extends Omit<Options, 'idle_timeout'> {
  idleMs: number;
  diskBytes: number;
  destinations: Destination[];
  queueBytes: number;
  flushMs: number;
}

/** Throws with what is wrong. */
export function settingsOf(options: Options): Settings {
  const { address, idle_timeout: idleTimeout, store } = options;
  if (isIP(address) === 0) throw new Error(`'address' is no address: ${address}`);
  if (store.directory !== '' && !isAbsolute(store.directory))
    throw new Error(`'store.directory' is no absolute path: ${store.directory}`);
  const flushMs = Math.round(readQuantity(store.flush) * 1000);
  if (flushMs < 100 || flushMs > 600_000)
    throw new Error(`'store.flush' is ${store.flush}, expected 100ms to 10m`);
  const idleMs = Math.round(readQuantity(idleTimeout) * 1000);
  if (idleMs < 1000 || idleMs > 86_400_000)
    throw new Error(`'idle_timeout' is ${idleTimeout}, expected 1s to 1d`);
  const destinations = options.forward.to.map((text) => {
    const destination = parseDestination(text);
    if (destination === undefined) throw new Error(`'forward.to' has '${text}', expected host:port`);
    return destination;
  });
  const queueBytes = readQuantity(options.forward.queue);
  return { ...options, destinations, queueBytes, idleMs, diskBytes: readQuantity(store.max_disk), flushMs };
}
