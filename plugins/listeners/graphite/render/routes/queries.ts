import type { Json, RouteReply, RouteRequest } from 'opsbro/sdk';
import type { SeriesReader } from '../../series-reader.ts';
import { TargetError } from '../grammar/target.ts';
import { Fields } from './fields.ts';
import { answerFunction, answerFunctions } from './functions.ts';
import { answerExpand, answerFind, answerIndex } from './metrics.ts';
import { answerRender, text } from './render.ts';
import {
  answerFindSeries,
  answerTag,
  answerTagCompletion,
  answerTags,
  answerValueCompletion,
} from './tags.ts';

/** What queries are answered from. */
export interface QueryParts {
  reader: SeriesReader;
  /** Milliseconds since 1970, and since any time that does not jump. */
  clock: { now(): number; monotonic(): number };
  /** The time zone of requests that name none. */
  zone: string;
  /** At least 0, less than 1. */
  random(): number;
}

type Answer = (fields: Fields, parts: QueryParts, request: RouteRequest) => RouteReply;

/** Tools ask which Graphite this is; functions and formats are those of this version. */
const version = '1.1.8';

const answers: { [route: string]: Answer } = {
  '/render': answerRender,
  '/metrics/find': answerFind,
  '/metrics/expand': answerExpand,
  '/metrics/index.json': answerIndex,
  '/tags': answerTags,
  '/tags/findSeries': answerFindSeries,
  '/tags/autoComplete/tags': answerTagCompletion,
  '/tags/autoComplete/values': answerValueCompletion,
  '/tags/:tag': (fields, parts, { params }) => answerTag(params.tag ?? '', fields, parts),
  '/functions': answerFunctions,
  '/functions/:name': (_fields, _parts, { params }) => answerFunction(params.name ?? ''),
  '/version': () => text('text/plain; charset=utf-8', version),
  // Annotations: there are none here, and Grafana asks for them.
  '/events/get_data': () => ({ status: 200, body: [] }),
};

/** Whether a route is one of those of queries. */
export function isQuery(route: string): boolean {
  return Object.hasOwn(answers, route);
}

/**
 * Answers a route of Graphite's HTTP API: 400 says what is wrong with the request. Computes at once, in the thread that asks, at most for some
 * seconds.
 */
export function answerQuery(request: RouteRequest, parts: QueryParts): RouteReply {
  const answer = isQuery(request.route) ? answers[request.route] : undefined;
  if (answer === undefined) return failure(404, 'OPSBRO_API_NOT_FOUND', 'nobody answers here');
  try {
    return answer(new Fields(request), parts, request);
  } catch (error) {
    if (error instanceof TargetError) return failure(400, 'OPSBRO_API_INVALID', error.message);
    throw error;
  }
}

function failure(status: number, code: string, message: string): RouteReply {
  const body: Json = { error: { code, message } };
  return { status, body };
}
