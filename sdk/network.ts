/** One HTTP request. Only `url` is needed. */
export interface HttpRequest {
  /** `http:` or `https:`. A user and password in it are sent as Basic authentication, unless `headers` have their own. */
  url: string;
  /** Default GET, or POST where there is something to send. */
  method?: string;
  /** By name, in any case; of two spellings the last one counts. */
  headers?: { [name: string]: string };
  /** Sent as UTF-8. */
  body?: string;
  /** Sent as they are, in place of `body`. A plugin in the sandbox has no bytes. */
  bytes?: Uint8Array;
  /** From the first packet to the last byte of the answer, default 10,000. */
  timeoutMs?: number;
  /** Of the answer's body; what is beyond is dropped and `truncated` set. Default 1 MiB. */
  maxBytes?: number;
  /** Redirects to follow, default 0: a redirect is the answer. Another origin gets none of `headers` but Accept, Accept-Language, Content-Type and User-Agent. */
  maxRedirects?: number;
  /** A file of PEM certificates that are trusted beside the system's. */
  caFile?: string;
  /** False: whatever certificate will do. */
  verifyTls?: boolean;
}

/** An HTTP answer, whatever its status. */
export interface HttpResponse {
  status: number;
  /** By lower-case name; several of one name are joined by `, `. */
  headers: { [name: string]: string };
  /** UTF-8; what is none, by the character set that Content-Type names. */
  text: string;
  truncated: boolean;
  /** Where the answer came from, after redirects. */
  url: string;
  durationMs: number;
}

/** How to connect. */
export interface TcpOptions {
  /** True: TLS with a certificate that is verified for `host`. */
  tls?: boolean | { servername?: string; caFile?: string; verify?: boolean };
  /** For the connection and, later, each time nothing comes or goes. Default 10,000. */
  timeoutMs?: number;
}

/** What the other side of a TLS connection showed. */
export interface TlsCertificate {
  subject: string;
  issuer: string;
  /** Names it is valid for, as in the certificate: `DNS:example.org, IP Address:192.0.2.1`. */
  names: string;
  /** Epoch milliseconds. */
  validFromMs: number;
  validToMs: number;
  fingerprint256: string;
  /** Those that vouch for it, its issuer first, as far as they were sent or are known here. */
  issuers?: { subject: string; validToMs: number }[];
  /** Why it is not trusted, or null. Only seen with `verify: false`; else the connection fails. */
  error: string | null;
}

/** An open connection. It closes by itself when the run ends by its timeout, or after `timeoutMs` without a byte. */
export interface TcpConnection {
  /** With TLS only. */
  readonly certificate?: TlsCertificate;
  write(text: string): Promise<void>;
  /**
   * Waits for `until`, for the end of the stream, or for `maxBytes` (default 64 KiB), whichever is first, and resolves to everything up to
   * there, UTF-8. Without `until` it waits for whatever comes next.
   */
  read(options?: { until?: string; maxBytes?: number }): Promise<string>;
  close(): void;
}

/**
 * The network, as every verb sees it. Rejections carry `OPSBRO_HOST_NETWORK`: the message names host and port, never a path, which may hold
 * a token. All of it ends with `ctx.signal`.
 */
export interface Network {
  /**
   * Sends one request on a connection of its own. Honours `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` of the agent's environment.
   * @example
   * const { status, text } = await ctx.http({ url: 'http://localhost/status', timeoutMs: 3000 });
   */
  http(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Connects to a port. Proxies do not apply.
   * @example
   * const smtp = await ctx.tcp('localhost', 25);
   * const banner = await smtp.read({ until: '\n' });
   * smtp.close();
   */
  tcp(host: string, port: number, options?: TcpOptions): Promise<TcpConnection>;
}
