import type { Json, JsonObject } from 'opsbro/sdk';
import type { AlertBook } from '../../alerting/suppression/book.ts';
import { suppressionNouns } from '../../alerting/suppression/nouns.ts';
import { isObject } from '../../alerting/suppression/request.ts';
import type { ControlRoute } from '../../control/route-table.ts';
import { OpsbroError } from '../errors.ts';
import type { HostDeps } from '../host/deps.ts';
import { checkFacts } from '../notify/alert-book.ts';
import { findObject } from './objects.ts';

/** Routes of what holds notifications back: list, add, remove. */
export function alertingRoutes({ board, clock, table }: HostDeps, book: AlertBook): ControlRoute[] {
  const nouns = suppressionNouns(
    book,
    () => clock.now(),
    (name) => checkFacts(board, findObject(table.of('check'), 'check', name).object),
  );
  return nouns.flatMap(({ path, list, add, remove }): ControlRoute[] => [
    { method: 'GET', path: `/api/v1/${path}`, scope: 'read', handle: () => ({ body: list() as Json }) },
    {
      method: 'POST',
      path: `/api/v1/${path}`,
      scope: 'write',
      async handle({ body }) {
        if (isObject(body)) return { status: 201, body: (await add(body)) as JsonObject };
        throw new OpsbroError('OPSBRO_API_INVALID', 'the body is no object with the keys of what to add');
      },
    },
    {
      method: 'DELETE',
      path: `/api/v1/${path}/*id`,
      scope: 'write',
      async handle({ params: { id = '' }, query: { by = 'unknown' } }) {
        await remove(id, by);
        return { body: { removed: id } };
      },
    },
  ]);
}
