import { useEffect, useState } from 'preact/hooks';

/** Where somebody is: the parts of the path behind `#/`, and what stands behind its `?`. */
export interface Route {
  page: string;
  rest: readonly string[];
  query: URLSearchParams;
}

/** Reads the part of a URL behind `#`. */
export function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const [page = '', ...rest] = path.split('/').map(decoded);
  return { page: page === '' ? 'overview' : page, rest, query: new URLSearchParams(query) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A link to a page of this application; values of the query that are '' are left out. */
export function linkTo(parts: readonly string[], query: { [key: string]: string } = {}): string {
  const kept = Object.entries(query).filter(([, value]) => value !== '');
  const text = new URLSearchParams(kept).toString();
  return `#/${parts.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

/** A link to a check. */
export function checkLink(id: string): string {
  return linkTo(['check', id]);
}

/** Changes what stands behind `?` of this page without a step back to where it was. */
export function replaceQuery(route: Route, query: { [key: string]: string }): void {
  history.replaceState(null, '', linkTo([route.page, ...route.rest], query));
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

/** Where somebody is now; renders anew when that changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => readRoute(location.hash));
  useEffect(() => {
    const read = (): void => setRoute(readRoute(location.hash));
    window.addEventListener('hashchange', read);
    return () => window.removeEventListener('hashchange', read);
  }, []);
  return route;
}
