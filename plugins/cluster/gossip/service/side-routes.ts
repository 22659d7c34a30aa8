import type { Clock } from 'opsbro/sdk';
import { answerDetect } from '../detection/routes.ts';
import { answerEvents } from '../events/routes.ts';
import { answerHistory } from '../history/routes.ts';
import type { Membership } from './membership.ts';
import type { RouteHandlers } from './routes.ts';

/** The routes of events, detection and history. */
export function sideRoutes(membership: Membership, clock: Clock): RouteHandlers {
  const { sides } = membership;
  const events: RouteHandlers[string] = (request) =>
    answerEvents(
      {
        events: sides.events,
        now: () => clock.now(),
        nameOf: (uuid) => sides.nameOf(uuid),
        displayNameOf: (uuid) => sides.displayNameOf(uuid),
      },
      request,
    );
  const join = async (endpoint: string): Promise<boolean> =>
    (await membership.join([endpoint])).failed.length === 0;
  return {
    'GET /api/v1/gossip/history': (request) => answerHistory(sides.history, request),
    'GET /api/v1/gossip/events': events,
    'POST /api/v1/gossip/events': events,
    'POST /api/v1/gossip/detect': (request) =>
      answerDetect({ detection: sides.detection, zone: membership.zone, join }, request),
  };
}
