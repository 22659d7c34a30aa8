import type { RouteReply, RouteRequest } from 'opsbro/sdk';
import type { History } from './history.ts';

/** Answers `GET /api/v1/gossip/history?node=`: changes of states, oldest first, times as RFC 3339. */
export function answerHistory(history: Pick<History, 'list'>, { query }: RouteRequest): RouteReply {
  const body = history.list(query.node).map(({ at, accusers, ...entry }) => ({
    at: new Date(at).toISOString(),
    ...entry,
    accusers: accusers.map((one) => ({ ...one, at: new Date(one.at).toISOString() })),
  }));
  return { status: 200, body };
}
