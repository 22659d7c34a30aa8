import { isIP } from 'node:net';
import { readQuantity } from 'opsbro/sdk';

/** Options as the manifest declares them. */
export interface Options {
  address: string;
  port: number;
  udp: boolean;
  tcp: boolean;
  socket: string;
  interval: string;
  naming: 'opsbro' | 'statsd';
  percentiles: number[];
  receive_buffer: string;
  max_names: number;
  forget: string;
  management: boolean;
  management_port: number;
}

/** Options as the service uses them. */
export interface Settings extends Omit<Options, 'interval' | 'receive_buffer' | 'forget'> {
  intervalMs: number;
  receiveBytes: number;
  /** Intervals without a value after which a metric is forgotten. */
  forgetIntervals: number;
}

/** Throws with what is wrong. */
export function settingsOf(options: Options): Settings {
  const { address, udp, tcp, socket, interval, receive_buffer, forget, naming } = options;
  if (isIP(address) === 0) throw new Error(`'address' is no address: ${address}`);
  if (!udp && !tcp && socket === '') throw new Error("one of 'udp', 'tcp' and 'socket' is needed");
  if (socket !== '' && !socket.startsWith('/')) throw new Error(`'socket' is no absolute path: ${socket}`);
  const intervalMs = Math.round(readQuantity(interval) * 1000);
  if (intervalMs < 1000 || intervalMs > 3_600_000)
    throw new Error(`'interval' is ${interval}, expected 1s to 1h`);
  const percentiles = options.percentiles.length > 0 ? options.percentiles : [naming === 'statsd' ? 90 : 99];
  return {
    ...options,
    percentiles,
    intervalMs,
    receiveBytes: Math.min(readQuantity(receive_buffer), 1024 * 1024 * 1024),
    forgetIntervals: Math.max(2, Math.ceil((readQuantity(forget) * 1000) / intervalMs)),
  };
}
