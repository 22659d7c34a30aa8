import type { RouteReply, RouteRequest } from 'opsbro/sdk';
import { errorBody } from './refuse.ts';
import { type TokenBook, TokenError } from './token-book.ts';

/** Answers the routes of tokens, which the manifest declares. */
export async function answerTokens(book: TokenBook, request: RouteRequest): Promise<RouteReply> {
  const { method, params, body } = request;
  if (method === 'GET') return { status: 200, body: book.list() as unknown as RouteReply['body'] };
  if (method === 'DELETE') {
    const { name = '' } = params;
    if (await book.revoke(name)) return { status: 200, body: { revoked: name } };
    return { status: 404, body: errorBody('OPSBRO_API_NOT_FOUND', `no token '${name}'`) };
  }
  const { name, scope = 'read', expires_at = null } = (body ?? {}) as { [key: string]: unknown };
  try {
    const { text, token } = await book.add(name, scope, timeOf(expires_at));
    return { status: 201, body: { ...token, token: text } };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { status: 400, body: errorBody('OPSBRO_API_INVALID', error.message) };
  }
}

function timeOf(expires: unknown): number | null {
  return expires === null ? null : Date.parse(String(expires));
}
