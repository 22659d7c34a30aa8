import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { readQuantity } from 'opsbro/sdk';
import { type Destination, parseDestination } from './forward/hash-ring.ts';
import type { LabelRule } from './remote-write/labels.ts';

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
  remote_write: {
    to: string[];
    headers: { [name: string]: string };
    labels: { [name: string]: string };
    rules: LabelRule[];
    queue: string;
    timeout: string;
    verify_tls: boolean;
    ca_file: string;
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
  endpoints: URL[];
  remoteQueueBytes: number;
  remoteTimeoutMs: number;
  /** Points go into the store. */
  isKept: boolean;
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
  const remote = remoteSettings(options);
  const isForwardedOnly = destinations.length > 0 && !options.forward.keep;
  return {
    ...options,
    ...remote,
    destinations,
    queueBytes: readQuantity(options.forward.queue),
    isKept: !isForwardedOnly && (remote.endpoints.length === 0 || options.remote_write.keep),
    idleMs,
    diskBytes: readQuantity(store.max_disk),
    flushMs,
  };
}

function remoteSettings({
  remote_write: { to, queue, timeout },
}: Options): Pick<Settings, 'endpoints' | 'remoteQueueBytes' | 'remoteTimeoutMs'> {
  const endpoints = to.map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol))
      throw new Error(`'remote_write.to' has '${text}', expected http://host:port/path`);
    if (url.password !== '')
      throw new Error(
        `'remote_write.to' has a password for ${url.host}; give a header 'authorization', which is kept secret`,
      );
    return url;
  });
  const remoteTimeoutMs = Math.round(readQuantity(timeout) * 1000);
  if (remoteTimeoutMs < 100 || remoteTimeoutMs > 600_000)
    throw new Error(`'remote_write.timeout' is ${timeout}, expected 100ms to 10m`);
  return { endpoints, remoteQueueBytes: readQuantity(queue), remoteTimeoutMs };
}
