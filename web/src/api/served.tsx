import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { Awaited } from '../parts/notes.tsx';
import { useResource } from './resource.ts';

/** GET /api: the routes of the agent, by method. */
export interface MethodRoutes {
  method: string;
  routes: string[];
}

/** Paths that the agent answers; `undefined` before it said so, `all` where it does not say. */
export type Served = ReadonlySet<string> | 'all' | undefined;

const everyMs = 15_000;
const ServedContext = createContext<Served>('all');

/** What is read of the answer: plugins that do not run have no routes, and to ask them all the same fills the console of a browser with errors. */
export function servedOf(routes: readonly MethodRoutes[]): ReadonlySet<string> {
  return new Set(routes.flatMap(({ method, routes: paths }) => (method === 'GET' ? paths : [])));
}

/** Learns which routes there are, for everything below. */
export function ServedRoutes({ children }: { children: ComponentChildren }) {
  const { data, error } = useResource<MethodRoutes[]>('api', { everyMs });
  const served = data === undefined ? (error === undefined ? undefined : 'all') : servedOf(data);
  return <ServedContext.Provider value={served}>{children}</ServedContext.Provider>;
}

interface Props {
  /** A path that the plugin answers. */
  path: string;
  /** What is said where it does not run. */
  otherwise: ComponentChildren;
  children: ComponentChildren;
}

/** What takes a plugin that need not run. */
export function IfServed({ path, otherwise, children }: Props) {
  const served = useContext(ServedContext);
  if (served === undefined) return <Awaited data={undefined} error={undefined} />;
  return <>{served === 'all' || served.has(path) ? children : otherwise}</>;
}
