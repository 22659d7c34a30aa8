import { isIP } from 'node:net';
import { type PassiveOptions, readQuantity } from 'opsbro/sdk';
import type { Method } from './cipher.ts';

/** Options as the manifest declares them. */
export interface Options extends PassiveOptions {
  enabled: boolean;
  address: string;
  port: number;
  password: string;
  decryption_method: Method;
  max_packet_age: string;
  timeout: string;
  max_connections: number;
}

/** Options as the service uses them. */
export interface Settings extends Options {
  /** null: however old. */
  maxAgeSeconds: number | null;
  timeoutMs: number;
}

/** Throws with what is wrong. */
export function settingsOf(options: Options): Settings {
  const { address, decryption_method: method, password } = options;
  if (isIP(address) === 0) throw new Error(`'address' is no address: ${address}`);
  if (method !== 0 && password === '')
    throw new Error(`'decryption_method: ${method}' takes a 'password', that of send_nsca.cfg`);
  const age = readQuantity(options.max_packet_age);
  return {
    ...options,
    maxAgeSeconds: age === 0 ? null : age,
    timeoutMs: readQuantity(options.timeout) * 1000,
  };
}
