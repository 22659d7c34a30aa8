import type { RouteReply, RouteRequest } from 'opsbro/sdk';
import { bestToJoin, type Detection, type Found, joinEndpoint } from './detection.ts';

/** What answers the route of detection. */
export interface DetectRouteParts {
  detection: Pick<Detection, 'look'>;
  /** That of this node. */
  zone: string;
  /** Joins by an endpoint; true when it answered. */
  join(endpoint: string): Promise<boolean>;
}

const shortestSeconds = 0.1;
const longestSeconds = 25;
const usualSeconds = 5;

/**
 * Answers `POST /api/v1/gossip/detect {auto_join, timeout}`: who was found, as `Found`, and with `auto_join` by `joined` which of them was
 * joined and whether that worked.
 */
export async function answerDetect(
  { detection, zone, join }: DetectRouteParts,
  request: RouteRequest,
): Promise<RouteReply> {
  const { auto_join: autoJoin = false, timeout = usualSeconds } = (request.body ?? {}) as {
    auto_join?: unknown;
    timeout?: unknown;
  };
  if (typeof timeout !== 'number' || !(timeout >= shortestSeconds && timeout <= longestSeconds))
    return refused(400, 'OPSBRO_API_INVALID', `'timeout' is ${shortestSeconds} to ${longestSeconds} seconds`);
  if (typeof autoJoin !== 'boolean')
    return refused(400, 'OPSBRO_API_INVALID', `'auto_join' is true or false`);
  let found: Found[];
  try {
    found = await detection.look(timeout * 1000);
  } catch (error) {
    return refused(503, 'OPSBRO_AGENT_BUSY', (error as Error).message);
  }
  const best = autoJoin ? bestToJoin(found, zone) : undefined;
  const joined = best !== undefined && (await join(joinEndpoint(best)));
  const body = found.map((one) => (one === best ? { ...one, joined } : { ...one }));
  return { status: 200, body };
}

function refused(status: number, code: string, message: string): RouteReply {
  return { status, body: { error: { code, message } } };
}
