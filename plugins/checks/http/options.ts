import { type HttpRequest, readQuantity, type Threshold } from 'opsbro/sdk';

/** The options of the manifest. */
export interface Options {
  url: string;
  method?: string;
  headers: { [name: string]: string };
  body?: string;
  status: (string | number)[];
  contains: string[];
  matches?: string;
  lacks?: string;
  expect_headers: { [name: string]: string };
  redirects: number;
  verify_tls: boolean;
  ca_file?: string;
  expiry_warning?: string;
  expiry_critical?: string;
  warning?: Threshold;
  critical?: Threshold;
  max_size: string;
  give_up_after: string;
}

/** The request that the options ask for. */
export function requestOf(options: Options): HttpRequest {
  const { url, method, headers, body, ca_file } = options;
  return {
    url,
    headers: { 'user-agent': 'opsbro', ...headers },
    ...(method !== undefined && { method }),
    ...(body !== undefined && { body }),
    ...(ca_file !== undefined && { caFile: ca_file }),
    verifyTls: options.verify_tls,
    maxRedirects: options.redirects,
    maxBytes: readQuantity(options.max_size),
    timeoutMs: readQuantity(options.give_up_after) * 1000,
  };
}

/** What is asked for, as it may be shown: without user, password and query, which may hold a token. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
