import { readQuantity } from 'opsbro/sdk';

/** Options as the manifest declares them. */
export interface Options {
  uri: string;
  api_key: string;
  port: number;
  interval: string;
  forget: string;
  verify_tls: boolean;
  ca_file: string;
}

/** Options as the service uses them. */
export interface Settings extends Omit<Options, 'interval' | 'forget'> {
  intervalMs: number;
  forgetMs: number;
  /** Grafana runs on this host. */
  isLocal: boolean;
}

/** Throws with what is wrong. */
export function settingsOf(options: Options): Settings {
  const { uri, interval, forget } = options;
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Error(`'uri' is ${uri}, expected such as http://localhost:3000`);
  const intervalMs = Math.round(readQuantity(interval) * 1000);
  if (intervalMs < 1000 || intervalMs > 3_600_000)
    throw new Error(`'interval' is ${interval}, expected 1s to 1h`);
  const isLocal = /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname);
  const forgetMs = readQuantity(forget) * 1000;
  return { ...options, uri: url.href.replace(/\/+$/, ''), intervalMs, forgetMs, isLocal };
}
