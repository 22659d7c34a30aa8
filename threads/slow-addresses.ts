import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';

/** One lost packet (RFC 6298 §2: a second) and the way to the other end of the world and back. */
const attemptMs = 1500;

/**
 * Gives each address of a host time to answer a connection. Node gives an attempt up where it begins with the next address, after 250 ms: a
 * host that is further away, and whose name has an IPv6 address too, cannot be reached without IPv6 at all (nodejs/node, issue 54359). Holds for the
 * thread that calls it.
 */
export function waitForSlowAddresses(): void {
  setDefaultAutoSelectFamilyAttemptTimeout(attemptMs);
}
