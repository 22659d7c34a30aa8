import { lookup, lookupService } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Json } from 'opsbro/sdk';

/** The name of an address by the system's resolver (hosts file included), '' when it has none or is no address. */
export async function nameOf(signal: AbortSignal, ip: Json): Promise<string> {
  if (typeof ip !== 'string' || isIP(ip) === 0) return '';
  const found = await answerOrNothing(signal, lookupService(ip, 0));
  // The resolver gives the address back where it knows no name.
  return found === undefined || isIP(found.hostname) !== 0 ? '' : found.hostname;
}

/** The address of a name by the system's resolver, IPv4 preferred, '' when it does not resolve. */
export async function addressOf(signal: AbortSignal, host: Json): Promise<string> {
  if (typeof host !== 'string' || host === '' || host.includes('\0')) return '';
  return (await answerOrNothing(signal, lookup(host, { order: 'ipv4first' })))?.address ?? '';
}

/** The system's resolver cannot be cancelled, so a call that is given up leaves its answer to nobody. */
function answerOrNothing<Answer>(signal: AbortSignal, asked: Promise<Answer>): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason);
    if (signal.aborted) give();
    signal.addEventListener('abort', give, { once: true });
    asked.then(resolve, () => resolve(undefined)).finally(() => signal.removeEventListener('abort', give));
  });
}
