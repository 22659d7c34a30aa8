import type { RouteAnswer, RouteReply, RouteRequest } from 'opsbro/sdk';
import { type ApiDocument, docsPage, docsStyle } from './docs-page.ts';
import { answerOld } from './old-routes.ts';
import { errorBody } from './refuse.ts';
import type { SessionDesk } from './sessions/session-desk.ts';
import type { TokenBook } from './token-book.ts';
import { answerTokens } from './token-routes.ts';

/** What the routes of the manifest reach. */
export interface OwnParts {
  tokens: TokenBook;
  desk: SessionDesk;
  /** Whether the agent serves its page. */
  hasPage(): boolean;
  /** Asks another route of the agent. */
  ask(request: RouteRequest): Promise<RouteAnswer>;
}

/** Answers the routes that this plugin's manifest declares. */
export async function answerOwn(parts: OwnParts, request: RouteRequest): Promise<RouteReply> {
  const { route } = request;
  if (route.startsWith('/api/v1/tokens')) return await answerTokens(parts.tokens, request);
  if (route.startsWith('/api/v1/session')) return await parts.desk.answer(request);
  if (route === '/') return entrance(parts, request);
  if (route === '/healthz') return { status: 200, body: { status: 'ok' } };
  if (route === '/readyz') return await readiness(parts);
  if (route === '/api/docs') return page('text/html', docsPage(await documentOf(parts)));
  if (route === '/api/docs.css') return page('text/css', docsStyle);
  const old = await answerOld(parts.ask, request);
  if (old !== undefined) return old;
  return { status: 404, body: errorBody('OPSBRO_API_NOT_FOUND', `no route ${request.method} ${route}`) };
}

/** Browsers are led to the page, or to what there is in its place; programs read `OK`, as the first OpsBro answered. */
function entrance({ hasPage }: OwnParts, { accept }: RouteRequest): RouteReply {
  if (accept?.includes('text/html') !== true) return page('text/plain', 'OK');
  if (hasPage()) return { ...page('text/plain', 'OK'), status: 302, headers: { location: 'ui/' } };
  const text = `OK

This is an OpsBro agent. Its routes: api/docs (to read), api/openapi.json (for programs).
It has a page of its own with 'web: { enabled: true }' in a file of its config.d.
`;
  return page('text/plain', text);
}

/** Ready is an agent that has run everything once. */
async function readiness({ ask }: OwnParts): Promise<RouteReply> {
  const asked = { route: '/agent/state', method: 'GET', params: {}, query: {}, body: null };
  const { status, body } = await ask(asked);
  const isReady = status === 200 && JSON.parse(new TextDecoder().decode(body)) === 'ok';
  return isReady ? { status: 200, body: { status: 'ready' } } : { status: 503, body: { status: 'starting' } };
}

async function documentOf({ ask }: OwnParts): Promise<ApiDocument> {
  const { body } = await ask({
    route: '/api/openapi.json',
    method: 'GET',
    params: {},
    query: {},
    body: null,
  });
  return JSON.parse(new TextDecoder().decode(body)) as ApiDocument;
}

function page(type: string, text: string): RouteReply {
  return { status: 200, type: `${type}; charset=utf-8`, body: new TextEncoder().encode(text) };
}
