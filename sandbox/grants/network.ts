import { lookup as resolveByDns } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { Network } from 'opsbro/sdk';
import { createHttp, type ReadVariable } from '../../threads/context/http.ts';
import { createTcp } from '../../threads/context/tcp.ts';
import { type Address, isReserved, isWithin, meansReserved, parseAddress } from './addresses.ts';
import type { Denials } from './denials.ts';
import { type HostPattern, parseHost } from './host-pattern.ts';
import { matchesHttp } from './http-pattern.ts';
import type { Grants } from './permissions.ts';
import { matchesTcp } from './tcp-pattern.ts';

/** Addresses of a host name, by the system's resolver unless a test gives its own. */
export type Resolve = (host: string) => Promise<{ address: string; family: number }[]>;

/** What the network of a run is made of. */
export interface NetworkParts {
  grants: Grants;
  denials: Denials;
  signal: AbortSignal;
  env: ReadVariable;
  readCertificates(path: string): Promise<string>;
  resolve?: Resolve;
}

/**
 * The network as far as permissions go. A name is resolved once a connection, and the connection goes to the addresses that were
 * looked at: a name server that answers differently the next time gains nothing. Link-local and metadata addresses are reached only where
 * a pattern names them. Behind a proxy (`HTTPS_PROXY`, `HTTP_PROXY`) it is the proxy that resolves, as it must: then only what a URL says counts.
 */
export function createGuardedNetwork(parts: NetworkParts): Network {
  const { grants, denials, signal, env, readCertificates } = parts;
  const resolve = parts.resolve ?? ((host) => resolveByDns(host, { all: true }));

  const lookupFor = (kind: 'http' | 'tcp', isNamed: (address: Address) => boolean): LookupFunction =>
    guardedLookup(resolve, (host, text) => {
      const address = parseAddress(text);
      if (address === undefined || (isReserved(address) && !isNamed(address)))
        denials.refuse(
          `${host} has the address ${text}, which is link-local or a cloud's metadata: permission '${kind}' must name the address itself`,
        );
    });

  const guardRequest = () => {
    let isNamed: (address: Address) => boolean = () => false;
    return {
      readCertificates,
      lookup: lookupFor('http', (address) => isNamed(address)),
      check: (url: URL) => {
        const shown = `${url.protocol}//${url.host}${url.pathname}`;
        if (!grants.http.some((pattern) => matchesHttp(pattern, url))) denials.deny('http', shown, shown);
        isNamed = (address) =>
          grants.http.some(
            (pattern) =>
              names(pattern.host, address) && matchesHttp({ ...pattern, host: { kind: 'any' } }, url),
          );
        checkLiteral('http', url.hostname, isNamed);
      },
    };
  };

  const guardConnection = (text: string, port: number) => {
    const host = parseHost(text);
    const shown = `${isIP(text) === 6 ? `[${text}]` : text}:${port}`;
    if (host === undefined || !grants.tcp.some((pattern) => matchesTcp(pattern, host, port)))
      denials.deny('tcp', shown, shown);
    const isNamed = (address: Address): boolean =>
      grants.tcp.some(
        ({ host: own, ports }) => names(own, address) && ports.from <= port && port <= ports.to,
      );
    checkLiteral('tcp', text, isNamed);
    return { readCertificates, lookup: lookupFor('tcp', isNamed) };
  };

  /** Addresses are not looked up. */
  const checkLiteral = (kind: 'http' | 'tcp', text: string, isNamed: (address: Address) => boolean): void => {
    const host = parseHost(text);
    if (host === undefined || typeof host === 'string' || !isReserved(host) || isNamed(host)) return;
    denials.refuse(
      `${text} is link-local or a cloud's metadata: permission '${kind}' must name the address itself`,
    );
  };

  return { http: createHttp(signal, env, guardRequest), tcp: createTcp(signal, guardConnection) };
}

/** Whether a pattern means a reserved address, not just happens to cover it. */
function names(pattern: HostPattern, address: Address): boolean {
  return pattern.kind === 'range' && meansReserved(pattern.range) && isWithin(pattern.range, address);
}

/** A resolver for `connect` that lets every address be looked at first; `check` throws to stop the connection. */
function guardedLookup(resolve: Resolve, check: (host: string, address: string) => void): LookupFunction {
  return (host, options, callback) => {
    const answer = async () => {
      const found = await resolve(host);
      for (const { address } of found) check(host, address);
      const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : (options.family ?? 0);
      const usable = found.filter((each) => family === 0 || each.family === family);
      const [first] = usable;
      if (first === undefined) throw new Error(`${host} has no address`);
      return { usable, first };
    };
    answer().then(
      ({ usable, first }) =>
        options.all === true ? callback(null, usable) : callback(null, first.address, first.family),
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}
