import type { JsonObject, RouteReply, RouteRequest } from 'opsbro/sdk';
import type { KeyBook } from './key-book.ts';
import type { Membership } from './membership.ts';

/** Answers one route. A RangeError is the asker's fault. */
export type RouteHandler = (request: RouteRequest) => Promise<RouteReply> | RouteReply;

/** Who answers what, by method and path. */
export interface RouteHandlers {
  [route: string]: RouteHandler;
}

/** Answers requests by these handlers: 400 with what is wrong for a RangeError. */
export function answerer(handlers: RouteHandlers): RouteHandler {
  return async (request) => {
    const handler = handlers[`${request.method} ${request.route}`];
    if (handler === undefined) return failure(404, 'OPSBRO_API_NOT_FOUND', 'nobody answers here');
    try {
      return await handler(request);
    } catch (error) {
      if (error instanceof RangeError) return failure(400, 'OPSBRO_API_INVALID', error.message);
      throw error;
    }
  };
}

/** The routes of the membership itself. */
export function memberRoutes(membership: Membership, keys: KeyBook): RouteHandlers {
  return {
    'GET /api/v1/gossip/members': () => done(membership.members() as unknown as JsonObject),
    'POST /api/v1/gossip/join': async ({ body }) => {
      const addresses = textsOf(body, 'addresses');
      const { joined, failed } = await membership.join(addresses);
      return done({ joined, failed, key: membership.hasKey });
    },
    'POST /api/v1/gossip/leave': async ({ body }) => {
      const named = optionalText(body, 'uuid');
      const uuid = named === undefined ? membership.uuid : membership.find(named)?.uuid;
      if (uuid === undefined) return failure(404, 'OPSBRO_API_NOT_FOUND', `no member ${named}`);
      if (uuid === membership.uuid) await membership.leave();
      else if (!membership.clearAway(uuid))
        throw new RangeError(`${named} is alive or has left: it can leave by itself only`);
      return done({ left: uuid });
    },
    'POST /api/v1/gossip/ping': async ({ body }) => {
      const named = textOf(body, 'node');
      const uuid = membership.find(named)?.uuid;
      if (uuid === undefined) return failure(404, 'OPSBRO_API_NOT_FOUND', `no member ${named}`);
      if (uuid === membership.uuid) return done({ node: uuid, ms: 0, path: 'direct' });
      const found = await membership.ping(uuid);
      if (found === undefined) return failure(504, 'OPSBRO_API_DEADLINE', `${named} does not answer`);
      return done({ node: uuid, ms: Math.round(found.ms * 1000) / 1000, path: found.path });
    },
    'GET /api/v1/gossip/keyring': () => done({ keys: keys.list() as unknown as JsonObject[] }),
    'POST /api/v1/gossip/keyring': async ({ body }) => {
      const act = textOf(body, 'do');
      if (act !== 'install' && act !== 'use' && act !== 'remove')
        throw new RangeError(`'do' is install, use or remove, not ${act}`);
      keys.change(act, textOf(body, 'key'));
      await membership.useKeys();
      return done({ keys: keys.list() as unknown as JsonObject[] });
    },
  };
}

/** A reply of plain data. */
export function done(body: JsonObject): RouteReply {
  return { status: 200, body };
}

/** A reply that says what went wrong. */
export function failure(status: number, code: string, message: string): RouteReply {
  return { status, body: { error: { code, message } } };
}

/** A text of a body. Throws RangeError where it is none. */
export function textOf(body: RouteRequest['body'], name: string): string {
  const value = optionalText(body, name);
  if (value === undefined) throw new RangeError(`the body lacks '${name}'`);
  return value;
}

function optionalText(body: RouteRequest['body'], name: string): string | undefined {
  const value = fieldOf(body, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value === '' || value.length > 300)
    throw new RangeError(`'${name}' is no text of at most 300 characters`);
  return value;
}

function textsOf(body: RouteRequest['body'], name: string): string[] {
  const value = fieldOf(body, name);
  const isSound =
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= 64 &&
    value.every((item) => typeof item === 'string');
  if (!isSound) throw new RangeError(`'${name}' is no list of 1 to 64 texts`);
  return value as string[];
}

function fieldOf(body: RouteRequest['body'], name: string): unknown {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return undefined;
  return Object.hasOwn(body, name) ? body[name] : undefined;
}
