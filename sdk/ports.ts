/**
 * The ports OpsBro listens on unless the configuration says otherwise. `gossip` is UDP and TCP; `graphite` has two.
 * @example `const port = ctx.options.port ?? ports.http;`
 */
export const ports = {
  gossip: 6768,
  websocket: 6769,
  http: 6770,
  dns: 6766,
  statsd: 8125,
  graphite: [2003, 2004],
  overc: 5000,
  nsca: 5667,
} as const;
