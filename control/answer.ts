import type { RouteAnswer } from 'opsbro/sdk';
import { OpsbroError, plainError } from '../core/errors.ts';
import type { ControlReply, ControlRequest, ControlRoute } from './route-table.ts';
import type { ErrorView } from './shapes.ts';

const deadlineMs = 60_000;
const jsonType = 'application/json';
const encoder = new TextEncoder();

const statuses: { [code: string]: number } = {
  OPSBRO_API_NOT_FOUND: 404,
  OPSBRO_API_INVALID: 400,
  OPSBRO_API_DENIED: 403,
  OPSBRO_API_DEADLINE: 504,
  OPSBRO_AGENT_BUSY: 503,
  OPSBRO_AGENT_STORE: 503,
  OPSBRO_PLUGIN_SERVICE_FAILED: 503,
};

/** Has a route answer a request, within 60 s. Rejects with what went wrong: see `refusal`. */
export async function answerBy(route: ControlRoute, request: ControlRequest): Promise<RouteAnswer> {
  return encode(await withDeadline(Promise.resolve(route.handle(request))));
}

/** The answer to a request that `error` has ended. */
export function refusal(error: unknown): RouteAnswer {
  const { code, message } = plainError(error, 'OPSBRO_API_INVALID');
  const status = error instanceof OpsbroError ? (statuses[code] ?? 500) : 500;
  return encode({ status, body: { error: { code, message } } satisfies ErrorView });
}

function encode({
  status = 200,
  body,
  type = 'application/octet-stream',
  headers,
}: ControlReply): RouteAnswer {
  const more = headers === undefined ? {} : { headers };
  if (body instanceof Uint8Array) return { status, type, body, ...more };
  return { status, type: jsonType, body: encoder.encode(JSON.stringify(body)), ...more };
}

async function withDeadline<Value>(answer: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new OpsbroError('OPSBRO_API_DEADLINE', 'no answer within 60 s')),
      deadlineMs,
    );
    timer.unref();
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
