import type { Json, RouteReply, RouteRequest } from 'opsbro/sdk';
import { Refused } from '../api/refused.ts';
import type { HeldRemovals } from '../storage/held-removals.ts';
import { answerUi, type UiParts } from './ui-api.ts';
import { answerUndo } from './undo-routes.ts';

const codes: { [status: number]: string } = { 400: 'OPSBRO_API_INVALID', 404: 'OPSBRO_API_NOT_FOUND' };

/** Whether a route of the manifest is one of the page's JSON. */
export function isAgentUiRoute(route: string): boolean {
  return /^\/api\/v1\/push\/(status|states|alerts|items|removed)(\/|$)/.test(route);
}

/** Answers the page's JSON to who asks the agent, whose rights stand in the manifest. */
export async function answerUiRoute(
  request: RouteRequest,
  parts: UiParts,
  held: HeldRemovals,
): Promise<RouteReply> {
  const undone = await answerUndo(request, held);
  if (undone !== undefined) return undone;
  const { method, query, fields = Object.entries(query) } = request;
  try {
    const asked = { method, path: pathOf(request), query: new URLSearchParams(fields) };
    const { status, body } = await answerUi(asked, parts);
    return { status, body: body as Json };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { status, message } = error;
    return { status, body: { error: { code: codes[status] ?? 'OPSBRO_API_DENIED', message } } };
  }
}

/** Where the port of the push server has the same. */
function pathOf({ route, params, query }: RouteRequest): string {
  const { service = '', kind = '', id = '' } = params;
  if (route.startsWith('/api/v1/push/states')) return `/ui/api/status/service/${service}/states`;
  if (route.startsWith('/api/v1/push/items')) return `/ui/api/item/${kind}/${id}`;
  const selected = query.service === undefined ? ['server', query.server] : ['service', query.service];
  const selection = selected[1] === undefined ? '' : `/${selected.join('/')}`;
  return `/ui/api/status${route.startsWith('/api/v1/push/alerts') ? '/alerts' : ''}${selection}`;
}
