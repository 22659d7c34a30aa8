import type { Json, RouteReply, RouteRequest } from 'opsbro/sdk';
import type { ClusterEvent, ClusterEvents } from './cluster-events.ts';

/** What answers the routes of events. */
export interface EventRouteParts {
  events: Pick<ClusterEvents, 'add' | 'list'>;
  /** Epoch ms. */
  now(): number;
  /** The name of a node by its uuid; empty where it is not known. */
  nameOf(uuid: string): string;
  /** What people see in place of the name; empty where that is the name, or not known. */
  displayNameOf(uuid: string): string;
}

/**
 * Answers `GET /api/v1/gossip/events?name=` with the events that are kept, oldest first, and `POST /api/v1/gossip/events {name, payload}`
 * with the one that was told: `{id, name, payload, from, node, display_name, at}`, the last two names those of who told it.
 */
export function answerEvents(parts: EventRouteParts, request: RouteRequest): RouteReply {
  if (request.method === 'GET')
    return { status: 200, body: parts.events.list(request.query.name).map((one) => eventView(parts, one)) };
  const { name, payload = null } = (request.body ?? {}) as { name?: Json; payload?: Json };
  if (typeof name !== 'string') return refused(`'name' must be the name of an event`);
  try {
    return { status: 200, body: eventView(parts, parts.events.add(name, JSON.stringify(payload))) };
  } catch (error) {
    return refused((error as Error).message);
  }
}

function eventView(parts: EventRouteParts, event: ClusterEvent): { [key: string]: Json } {
  const { id, name, payload, from, ageMs } = event;
  return {
    id,
    name,
    payload: JSON.parse(payload) as Json,
    from,
    node: parts.nameOf(from),
    display_name: parts.displayNameOf(from),
    at: new Date(parts.now() - ageMs).toISOString(),
  };
}

function refused(message: string): RouteReply {
  return { status: 400, body: { error: { code: 'OPSBRO_API_INVALID', message } } };
}
