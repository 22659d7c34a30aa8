import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Types of records that can be asked for. */
export type RecordType = 'A' | 'AAAA' | 'CAA' | 'CNAME' | 'MX' | 'NS' | 'PTR' | 'SOA' | 'SRV' | 'TXT';

/** A question: to `server`, or to those of the host. */
export interface Question {
  name: string;
  type: RecordType;
  server?: string;
  timeoutMs: number;
}

/** Tries of one question: a datagram may be lost. */
const tries = 3;

/** What the answers of name servers mean that hold no records; codes of `node:dns`. */
const faults = new Map([
  ['ENOTFOUND', 'the name does not exist'],
  ['ENODATA', 'the name has no such record'],
  ['ESERVFAIL', 'the server failed'],
  ['EREFUSED', 'the server refuses to answer'],
  ['EFORMERR', 'the server does not understand the question'],
  ['ENOTIMP', 'the server does not know such a question'],
  ['EBADRESP', 'the server answers what is no answer'],
  ['EBADNAME', 'this is no name'],
  ['ECONNREFUSED', 'no server listens'],
  ['ETIMEOUT', 'no answer came'],
]);

/** The name of an address in the zones for that (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(address: string): string {
  if (isIP(address) === 4) return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
  // A URL writes every address in one way.
  const { hostname } = new URL(`http://[${address.replace(/%.*/, '')}]`);
  const [before = [], after = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const digits = [...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join('');
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}

/** Why there are no records; undefined when the error is none of the name system. */
export function faultOf(thrown: unknown): string | undefined {
  return faults.get(String((thrown as { code?: unknown } | undefined)?.code));
}

/**
 * Asks, and resolves to the records as text, sorted. Rejects with an error of `node:dns`, with `ETIMEOUT` after `timeoutMs`, with the
 * signal's reason when that fires.
 */
export async function ask(
  { name, type, server, timeoutMs }: Question,
  signal: AbortSignal,
): Promise<string[]> {
  signal.throwIfAborted();
  const resolver = new Resolver({ timeout: Math.max(1, Math.ceil(timeoutMs / tries)), tries });
  if (server !== undefined) resolver.setServers([server]);
  const late = AbortSignal.timeout(timeoutMs);
  const ends = AbortSignal.any([signal, late]);
  const cancel = (): void => resolver.cancel();
  ends.addEventListener('abort', cancel, { once: true });
  try {
    return (await records(resolver, name, type)).sort();
  } catch (thrown) {
    signal.throwIfAborted();
    throw late.aborted ? Object.assign(new Error('no answer'), { code: 'ETIMEOUT' }) : thrown;
  } finally {
    ends.removeEventListener('abort', cancel);
  }
}

async function records(resolver: Resolver, name: string, type: RecordType): Promise<string[]> {
  switch (type) {
    case 'A':
      return resolver.resolve4(name);
    case 'AAAA':
      return resolver.resolve6(name);
    case 'CNAME':
      return resolver.resolveCname(name);
    case 'NS':
      return resolver.resolveNs(name);
    case 'PTR':
      // Not `reverse`, which asks /etc/hosts first.
      return resolver.resolvePtr(isIP(name) === 0 ? name : reverseName(name));
    case 'TXT':
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ priority, exchange }) => `${priority} ${exchange}`);
    case 'CAA':
      return (await resolver.resolveCaa(name)).map(({ critical, ...tags }) =>
        [critical, ...Object.entries(tags).flat()].join(' '),
      );
    case 'SRV':
      return (await resolver.resolveSrv(name)).map(
        ({ priority, weight, port, name: target }) => `${priority} ${weight} ${port} ${target}`,
      );
    case 'SOA': {
      const { nsname, hostmaster, serial, refresh, retry, expire, minttl } = await resolver.resolveSoa(name);
      return [`${nsname} ${hostmaster} ${serial} ${refresh} ${retry} ${expire} ${minttl}`];
    }
  }
}
