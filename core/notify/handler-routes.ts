import type { Json, JsonObject } from 'opsbro/sdk';
import { isObject } from '../../alerting/suppression/request.ts';
import type { ControlRequest, ControlRoute } from '../../control/route-table.ts';
import { OpsbroError } from '../errors.ts';
import type { HostDeps } from '../host/deps.ts';
import { findObject } from '../routes/objects.ts';
import type { HandlerDesk } from './handler-desk.ts';

/** Routes of handlers and of what waits for them. */
export function handlerRoutes({ table }: HostDeps, desk: HandlerDesk): ControlRoute[] {
  const change = (verb: 'retry' | 'drop'): ControlRoute => ({
    method: 'POST',
    path: `/api/v1/outbox/${verb}`,
    scope: 'write',
    handle: async ({ body }) => json(await desk.change(verb, serialsOf(body))),
  });
  return [
    { method: 'GET', path: '/api/v1/handlers', scope: 'read', handle: () => json(desk.views()) },
    {
      method: 'POST',
      path: '/api/v1/handlers/:name/test',
      scope: 'write',
      async handle({ params, body }: ControlRequest) {
        const check = isObject(body) && body.check !== undefined ? String(body.check) : undefined;
        const about = check === undefined ? undefined : findObject(table.of('check'), 'check', check).object;
        return json(await desk.test(desk.find(params.name ?? ''), about));
      },
    },
    {
      method: 'GET',
      path: '/api/v1/handlers/*name',
      scope: 'read',
      handle: ({ params }) => json(desk.view(desk.find(params.name ?? ''))),
    },
    {
      method: 'GET',
      path: '/api/v1/outbox',
      scope: 'read',
      handle: ({ query: { handler } }) => json(desk.entries(handler)),
    },
    {
      method: 'GET',
      path: '/api/v1/outbox/:serial',
      scope: 'read',
      handle: ({ params: { serial } }) => json(desk.entry(Number(serial))),
    },
    change('retry'),
    change('drop'),
  ];
}

function json(view: object): { body: Json } {
  return { body: view as JsonObject };
}

function serialsOf(body: Json): number[] | null {
  const serials = isObject(body) ? body.serials : undefined;
  if (serials === null) return null;
  if (Array.isArray(serials) && serials.every((each) => Number.isInteger(each))) return serials as number[];
  throw new OpsbroError('OPSBRO_API_INVALID', "'serials' is no list of numbers, nor null for all");
}
