import type { RouteAnswer, RouteReply, RouteRequest } from 'opsbro/sdk';
import { errorBody } from './refuse.ts';
import type { TokenBook } from './token-book.ts';
import { answerTokens } from './token-routes.ts';

/** What the routes of the manifest reach. */
export interface OwnParts {
  tokens: TokenBook;
  /** Asks another route of the agent. */
  ask(request: RouteRequest): Promise<RouteAnswer>;
}

/** Answers the routes that this plugin's manifest declares. */
export async function answerOwn(parts: OwnParts, request: RouteRequest): Promise<RouteReply> {
  const { route } = request;
  if (route.startsWith('/api/v1/tokens')) return await answerTokens(parts.tokens, request);
  if (route === '/healthz') return { status: 200, body: { status: 'ok' } };
  if (route === '/readyz') return await readiness(parts);
  return { status: 404, body: errorBody('OPSBRO_API_NOT_FOUND', `no route ${request.method} ${route}`) };
}

/** Ready is an agent that has run everything once. */
async function readiness({ ask }: OwnParts): Promise<RouteReply> {
  const asked = { route: '/agent/state', method: 'GET', params: {}, query: {}, body: null };
  const { status, body } = await ask(asked);
  const isReady = status === 200 && JSON.parse(new TextDecoder().decode(body)) === 'ok';
  return isReady ? { status: 200, body: { status: 'ready' } } : { status: 503, body: { status: 'starting' } };
}
