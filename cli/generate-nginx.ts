import type { Json } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { reachable, type ServiceOptions, serviceOptions } from './generate-options.ts';

/** A service that nginx is to stand in front of, and where it answers. */
interface Upstream {
  service: 'overc' | 'http' | 'websocket';
  /** Where nginx shows it. */
  path: string;
  /** Its URL. */
  at: string;
  /** What the service has to be told of the proxy, as YAML; '' where it knows. */
  missing: string;
}

/** Prints a site of nginx in front of the push server and, where they are configured, the HTTP API and the live stream. */
export async function generateNginx(cli: CliContext, given: string | undefined): Promise<void> {
  const options = await serviceOptions(cli);
  const name = given ?? String(list(options.of('http', 'names', []))[0] ?? 'monitor.example.org');
  if (!/^[\w.-]+$/.test(name))
    throw new OpsbroError('OPSBRO_CLI_USAGE', `--name should be a host's name, found '${name}'`);
  const upstreams = [overcOf(options), httpOf(options, name), websocketOf(options, name)].filter(
    (one) => one !== null,
  );
  for (const { missing, service } of upstreams)
    if (missing !== '')
      cli.note(`${service} does not know of a proxy yet; put this into a file of your directory: ${missing}`);
  const text = nginxSite(name, upstreams);
  cli.show({ name, upstreams, text }, () => text);
}

const loopback = '127.0.0.1';

/** The push server, at the path that clients of OverC, Healthchecks and Uptime Kuma ask for: the root. */
function overcOf(options: ServiceOptions): Upstream {
  return {
    service: 'overc',
    path: '/',
    at: addressOf(options, 'overc', 5000),
    missing: knowsProxies(options, 'overc') ? '' : `overc: { enabled: true, trusted_proxies: [${loopback}] }`,
  };
}

function httpOf(options: ServiceOptions, name: string): Upstream | null {
  if (!options.has('http')) return null;
  const base = String(options.of('http', 'base_path', ''));
  const isReady = base !== '' && knowsProxies(options, 'http') && isNamed(options, 'http', name);
  return {
    service: 'http',
    path: `${base === '' ? '/opsbro' : base}/`,
    at: addressOf(options, 'http', 6770),
    missing: isReady
      ? ''
      : `http: { names: [${name}], trusted_proxies: [${loopback}], base_path: ${base === '' ? '/opsbro' : base} }`,
  };
}

function websocketOf(options: ServiceOptions, name: string): Upstream | null {
  if (!options.has('websocket')) return null;
  return {
    service: 'websocket',
    path: '/api/v1/stream',
    at: addressOf(options, 'websocket', 6769),
    missing: isNamed(options, 'websocket', name) ? '' : `websocket: { names: [${name}] }`,
  };
}

function knowsProxies(options: ServiceOptions, service: string): boolean {
  return list(options.of(service, 'trusted_proxies', [])).length > 0;
}

function isNamed(options: ServiceOptions, service: string, name: string): boolean {
  return list(options.of(service, 'names', [])).includes(name);
}

/** As a URL. */
function addressOf(options: ServiceOptions, service: string, port: number): string {
  const address = reachable(String(options.of(service, 'address', loopback)));
  const scheme = options.of(service, 'tls_certificate', '') === '' ? 'http' : 'https';
  return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${Number(options.of(service, 'port', port))}`;
}

function list(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

/** A file of `/etc/nginx/sites-available`. */
export function nginxSite(name: string, upstreams: readonly Upstream[]): string {
  const locations = upstreams.map((upstream) => location(upstream)).join('\n');
  return `# Written by 'opsbro generate nginx'. Save as /etc/nginx/sites-available/opsbro, then:
#   ln -s ../sites-available/opsbro /etc/nginx/sites-enabled/ && nginx -t && service nginx reload

server {
    listen 80;
    server_name ${name};

    # Keys and passwords go through here. With a certificate: this, and a server of its own at port 80 that redirects.
    #listen 443 ssl;
    #ssl_certificate /etc/ssl/certs/${name}.pem;
    #ssl_certificate_key /etc/ssl/private/${name}.key;

    client_max_body_size 1m;
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    # Who asks: without it everybody is taken for a program of this host.
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;

${locations}}
`;
}

const what = {
  overc: 'Reports of overcli and other clients, and pings by URL.',
  http: 'The HTTP API.',
  websocket: 'What changes, live.',
};

function location({ service, path, at }: Upstream): string {
  // A location with headers of its own inherits none.
  const upgrade =
    service !== 'websocket'
      ? ''
      : `
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_read_timeout 1h;`;
  return `    # ${what[service]}
    location ${path} {
        proxy_pass ${at};${upgrade}
    }
`;
}
