import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller, Gate } from './gate.ts';
import { refuse, safeHeaders } from './refuse.ts';

/** Paths that whoever reaches the port may ask for, by whatever name: load balancers and supervisors do. */
const openPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz']);
const preflightSeconds = '600';

/** What a reception needs. */
export interface ReceptionParts {
  gate: Gate;
  /** Origins of other sites whose pages may ask, and read the answers. */
  origins: ReadonlySet<string>;
  /** Path of a proxy under which the agent is mounted, `/opsbro`; '' for none. */
  basePath: string;
  /** Answers a request of somebody who was let in; `cookiePath` is where their browser finds the agent. */
  respond(request: IncomingMessage, response: ServerResponse, caller: Caller, cookiePath: string): void;
}

/** Receives every request: says who may come in and to pages of which sites, and takes the base path off. */
export class Reception {
  readonly #parts: ReceptionParts;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
  }

  /** Answers one request, in the end. */
  receive(request: IncomingMessage, response: ServerResponse): void {
    const { gate, origins, basePath, respond } = this.#parts;
    const asked = request.url ?? '';
    const url = withoutBase(asked, basePath);
    const isOpen = request.method === 'GET' && openPaths.has(url);
    const judged = gate.judge(request, isOpen);
    const { origin } = request.headers;
    if (origin !== undefined && origins.has(origin)) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('vary', 'origin');
    }
    if ('status' in judged) {
      refuse(response, judged);
    } else if (!asked.startsWith('/')) {
      const message = 'ask for a path, such as /api/v1/agent';
      refuse(response, { status: 400, code: 'OPSBRO_API_INVALID', message });
    } else if (isPreflight(request, origins)) {
      response.writeHead(204, {
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
        'access-control-allow-headers': 'authorization, content-type',
        'access-control-max-age': preflightSeconds,
      });
      response.end();
    } else if (asked === basePath && request.method === 'GET') {
      // Relative links of what stands there need the slash.
      const location = `${basePath.slice(basePath.lastIndexOf('/') + 1)}/`;
      response.writeHead(308, { ...safeHeaders, location, 'content-length': 0 }).end();
    } else {
      request.url = url;
      const isDirect = url === asked && !gate.isProxied(request);
      respond(request, response, judged, isDirect ? '' : basePath);
    }
  }
}

function isPreflight({ method, headers }: IncomingMessage, origins: ReadonlySet<string>): boolean {
  return (
    method === 'OPTIONS' &&
    origins.has(headers.origin ?? '') &&
    headers['access-control-request-method'] !== undefined
  );
}

/** A path below the base, without it. A proxy may as well take it off itself, so any other path stays as it is. */
export function withoutBase(url: string, basePath: string): string {
  if (basePath === '' || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : url;
}
