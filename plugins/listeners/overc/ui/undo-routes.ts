import type { RouteReply, RouteRequest } from 'opsbro/sdk';
import type { HeldRemovals } from '../storage/held-removals.ts';

const removedRoute = '/api/v1/push/removed';
const undoRoute = '/api/v1/push/items/:kind/:id/undo';

/** Answers what was removed lately, and brings it back. Undefined for other routes. */
export async function answerUndo(
  { route, params: { kind = '', id = '' } }: RouteRequest,
  storage: HeldRemovals,
): Promise<RouteReply | undefined> {
  if (route === removedRoute) return { status: 200, body: storage.heldNow().map(shown) };
  if (route !== undoRoute) return undefined;
  const isItem = (kind === 'server' || kind === 'service') && /^\d{1,15}$/.test(id);
  if (isItem && (await storage.undo(kind, Number(id)))) return { status: 200, body: { ok: 1 } };
  const message = `no ${kind} ${id} was removed in the last ten minutes, or it reported again since`;
  return { status: 404, body: { error: { code: 'OPSBRO_API_NOT_FOUND', message } } };
}

function shown({ what, id, name, title, until }: ReturnType<HeldRemovals['heldNow']>[number]) {
  return { kind: what, id, name, title, undo_until: new Date(until).toISOString() };
}
