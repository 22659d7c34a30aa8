/** The parts of an address of the web, as they are written; what is not there is empty. */
export interface WebAddress {
  scheme: string;
  /** User and password. */
  login: string;
  /** In lower case, with its port. */
  host: string;
  path: string;
  query: string;
}

const maxPort = 65_535;
const shape =
  /^(https?):\/\/(?:([^/?#]*)@)?((?:\[[0-9a-f:.]+\]|[^\s/?#@:[\]]+)(?::\d{1,5})?)(\/[^?#]*)?(?:\?([^#]*))?(?:#.*)?$/is;

/**
 * Reads an address of the web; undefined for what is none. Unlike `URL`, which plugins in the sandbox do not have, it changes nothing of it.
 * @example `parseWebAddress('https://wiki.example.org/load')?.host // 'wiki.example.org'`
 */
export function parseWebAddress(text: string): WebAddress | undefined {
  const [, scheme = '', login = '', host = '', path = '', query = ''] = shape.exec(text) ?? [];
  return host === ''
    ? undefined
    : { scheme: scheme.toLowerCase(), login, host: host.toLowerCase(), path, query };
}

/**
 * An address as services take it in links, without spaces and letters beyond ASCII; undefined for what is none, or has a host that cannot be one.
 * @example `linkTo('https://wiki.example.org/load average') // 'https://wiki.example.org/load%20average'`
 */
export function linkTo(text: string): string | undefined {
  const address = text.trim().replaceAll(/\p{Surrogate}/gu, '\ufffd');
  const host = parseWebAddress(address)?.host;
  if (host === undefined || !/^(?:\[.*\]|[\w.-]+)(?::\d+)?$/.test(host)) return undefined;
  if (Number(/:(\d+)$/.exec(host)?.[1] ?? 0) > maxPort) return undefined;
  return address.replaceAll(/(?:[^\x21-\x7e]|["<>\\^`{|}])+/g, (part) => encodeURIComponent(part));
}
