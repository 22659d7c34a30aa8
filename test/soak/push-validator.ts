/** What a body of OverC's protocol brings, read by other means than the server: nothing where it has to be refused. */
export interface Accepted {
  server: string;
  services: number;
  /** Of the services, those without a name: they are left out, and the answer is 400 although the others are kept. */
  unnamed: number;
}

type Route = 'ping' | 'status' | 'alerts';

const has = (value: unknown, key: string): boolean =>
  Object.getOwnPropertyNames(value as object).some((name) => name === key);
const at = (value: unknown, key: string): unknown => Reflect.get(value as object, key);
const isMap = (value: unknown): boolean => Object.prototype.toString.call(value) === '[object Object]';
const isText = (value: unknown): value is string =>
  Object.prototype.toString.call(value) === '[object String]';

/**
 * Whether Python's `int()` takes it, by its documentation: a boolean, a finite number, or digits with a sign and blanks around; and what that gives
 * is not negative.
 */
function isPeriod(value: unknown): boolean {
  if (value === true || value === false) return true;
  if (isText(value)) return /^(?:\+?[0-9]+|-0+)$/.test(value.trim());
  return Number.isFinite(value) && (value as number) > -1;
}

/** Judges a body as the specification has it; undefined for one that must be refused. */
export function accepted(route: Route, text: string): Accepted | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isMap(body) || !has(body, 'server')) return undefined;
  const items = route === 'ping' ? [] : itemsOf(route, body);
  const server = at(body, 'server');
  if (items === undefined || !isMap(server) || !has(server, 'name') || !has(server, 'key')) return undefined;
  const name = at(server, 'name');
  if (!isText(name) || name.length === 0 || !isText(at(server, 'key'))) return undefined;
  const services = route === 'status' ? items : [];
  const unnamed = services.filter((item) => at(item, 'name') === '').length;
  return { server: name, services: services.length, unnamed };
}

function itemsOf(route: 'status' | 'alerts', body: unknown): unknown[] | undefined {
  if (route === 'status' && (!has(body, 'period') || !isPeriod(at(body, 'period')))) return undefined;
  const key = route === 'status' ? 'services' : 'alerts';
  const items = has(body, key) ? at(body, key) : undefined;
  if (!Array.isArray(items)) return undefined;
  return items.every(route === 'status' ? isService : isAlert) ? items : undefined;
}

function isService(item: unknown): boolean {
  if (!isMap(item) || !has(item, 'name') || !has(item, 'state')) return false;
  return (
    isText(at(item, 'name')) && isText(at(item, 'state')) && (!has(item, 'info') || isText(at(item, 'info')))
  );
}

function isAlert(item: unknown): boolean {
  if (!isMap(item) || !has(item, 'message') || !isText(at(item, 'message'))) return false;
  if (has(item, 'service') && !isText(at(item, 'service'))) return false;
  return Object.getOwnPropertyNames(item as object).every((key) =>
    ['title', 'message', 'service'].includes(key),
  );
}
