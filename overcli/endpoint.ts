import { Failure } from './failure.ts';

/** A server, and who reports to it. */
export interface Endpoint {
  /** Scheme, host and port, without credentials and path. */
  origin: string;
  /** The header of HTTP basic authentication, of a URL with `user:password@`. */
  authorization: string | undefined;
  name: string;
  key: string;
  /** What a server may ask of a name that it does not know yet. */
  enrollmentToken?: string;
}

/** The endpoint that `-s` and `-i` name; the identity is split at its first colon. Throws a `usage` failure. */
export function endpointOf(
  server: string | undefined,
  serverId: string | undefined,
  enrollmentToken?: string,
): Endpoint {
  if (!server || !serverId) throw new Failure('usage', '--server and --server-id should be specified');
  const colon = serverId.indexOf(':');
  if (colon === -1) throw new Failure('usage', '--server-id should be NAME:KEY, and has no colon');
  const { origin, authorization } = readServer(server, (problem) => {
    throw new Failure('usage', `--server ${problem}`);
  });
  return {
    origin,
    authorization,
    name: serverId.slice(0, colon),
    key: serverId.slice(colon + 1),
    ...(enrollmentToken ? { enrollmentToken } : {}),
  };
}

/** Takes a server's URL apart; `/api/…` replaces any path of it. `fail` gets what is wrong, without the URL, which may hold a password. */
export function readServer(
  text: string,
  fail: (problem: string) => never,
): Pick<Endpoint, 'origin' | 'authorization'> {
  if (!URL.canParse(text)) fail('should be a URL such as http://mon.example.com:5000/');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') fail('should begin with http:// or https://');
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`;
  return {
    origin: url.origin,
    authorization:
      credentials === ':' ? undefined : `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
