/** What a ping says. */
export type PingKind =
  | { kind: 'success' }
  | { kind: 'start' }
  | { kind: 'log' }
  | { kind: 'fail'; exit?: number };

/** Whom a ping is for: by a UUID of the configuration, or by server, key and service. */
export type PingTarget = { uuid: string } | { server: string; key: string; service: string };

/** A URL of a ping, read. */
export type Ping = PingKind & { target: PingTarget };

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID. */
export function isUuid(text: string): boolean {
  return uuidForm.test(text);
}

/**
 * Reads `/ping/UUID[/END]` and `/ping/SERVER:KEY/SERVICE[/END]`; undefined for what is none. The end is `start`, `fail`, `log`, or an exit status of
 * 0 to 255.
 */
export function readPingPath(path: string): Ping | undefined {
  const steps = decoded(path.split('/').slice(2));
  const [first = '', ...rest] = steps ?? [];
  const isByUuid = isUuid(first);
  const target = isByUuid ? { uuid: first } : targetOf(first, rest.shift());
  const said = rest.length > 1 ? undefined : kindOf(rest[0]);
  return target === undefined || said === undefined ? undefined : { target, ...said };
}

function targetOf(identity: string, service: string | undefined): PingTarget | undefined {
  const colon = identity.indexOf(':');
  if (colon < 1 || service === undefined || service === '') return undefined;
  return { server: identity.slice(0, colon), key: identity.slice(colon + 1), service };
}

function kindOf(end: string | undefined): PingKind | undefined {
  if (end === undefined) return { kind: 'success' };
  if (end === 'start' || end === 'log' || end === 'fail') return { kind: end };
  if (!/^\d{1,3}$/.test(end) || Number(end) > 255) return undefined;
  return Number(end) === 0 ? { kind: 'success' } : { kind: 'fail', exit: Number(end) };
}

function decoded(steps: string[]): string[] | undefined {
  try {
    return steps.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
