import type { Json, RouteReply, RouteSchema, RouteView } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import { documentRoute } from './openapi/document-route.ts';

/** A request to a control route, whoever carried it. */
export interface ControlRequest {
  params: { [name: string]: string };
  query: { [name: string]: string };
  body: Json;
  /** For a route that takes forms; see `RouteRequest`. */
  fields?: [name: string, value: string][];
  accept?: string;
}

/** Plain data or bytes, and the status where it is not 200. */
export type ControlReply = Omit<RouteReply, 'status'> & { status?: number };

/** One route. `:name` in the path takes one step, `*name` the rest of the path. */
export interface ControlRoute {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  scope: 'public' | 'read' | 'push' | 'write' | 'admin';
  /** What its requests must look like; looked at where they come from afar. */
  schema?: RouteSchema;
  /** It takes forms, and names that repeat. */
  form?: boolean;
  /** For the document of the API; see `RouteView`. */
  summary?: string;
  status?: number;
  answer_type?: string;
  handle(request: ControlRequest): ControlReply | Promise<ControlReply>;
}

interface Compiled {
  route: ControlRoute;
  steps: string[];
}

/** The one table of routes: the Unix socket serves it with all rights, the `http` exporter with authorisation. */
export class RouteTable {
  readonly #core: Compiled[];
  #plugins: Compiled[] = [];

  /** `routes` are the core's own; they win over a plugin's. */
  constructor(routes: ControlRoute[]) {
    const own = documentRoute(() => ({ plugins: this.#plugins, views: () => this.views() }));
    this.#core = [...routes, own].map(compile);
  }

  /** Replaces the routes that plugins give. */
  usePluginRoutes(routes: ControlRoute[]): void {
    this.#plugins = routes.map(compile);
  }

  /** Every route without what answers it, as services see them. */
  views(): RouteView[] {
    return this.#all().map(({ route: { handle: _, ...view } }) => view);
  }

  /** The route that was declared as `method` and `path`. Throws OPSBRO_API_NOT_FOUND. */
  find(method: string, path: string): ControlRoute {
    const found = this.#all().find(({ route }) => route.method === method && route.path === path);
    if (found === undefined) throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no route ${method} ${path}`);
    return found.route;
  }

  /** The route for a request and its parameters. Throws OPSBRO_API_NOT_FOUND. */
  match(method: string, path: string): { route: ControlRoute; params: { [name: string]: string } } {
    const steps = path.split('/').slice(1);
    for (const { route, steps: pattern } of this.#all()) {
      if (route.method !== method) continue;
      // Graphite answers its paths with a slash at their end, too.
      const isOpen = route.form === true && steps.at(-1) === '';
      const params = matchSteps(pattern, isOpen ? steps.slice(0, -1) : steps);
      if (params !== undefined) return { route, params };
    }
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no route ${method} ${path}`);
  }

  #all(): Compiled[] {
    return [...this.#core, ...this.#plugins];
  }
}

function compile(route: ControlRoute): Compiled {
  return { route, steps: route.path.split('/').slice(1) };
}

function matchSteps(pattern: string[], steps: string[]): { [name: string]: string } | undefined {
  const params: { [name: string]: string } = {};
  for (const [index, expected] of pattern.entries()) {
    if (expected.startsWith('*')) {
      if (index >= steps.length) return undefined;
      params[expected.slice(1)] = decode(steps.slice(index).join('/'));
      return params;
    }
    const step = steps[index];
    if (step === undefined) return undefined;
    if (expected.startsWith(':')) params[expected.slice(1)] = decode(step);
    else if (expected !== step) return undefined;
  }
  return pattern.length === steps.length ? params : undefined;
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    throw new OpsbroError('OPSBRO_API_INVALID', `'${step}' is not percent-encoded UTF-8`);
  }
}
