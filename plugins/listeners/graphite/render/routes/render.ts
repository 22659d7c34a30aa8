import type { RouteReply } from 'opsbro/sdk';
import { Budget, type RenderContext } from '../evaluate/context.ts';
import { Evaluation } from '../evaluate/evaluation.ts';
import { jsonOf } from '../formats/json.ts';
import { svgOf } from '../formats/svg.ts';
import { graphOptions } from '../formats/svg-options.ts';
import { csvOf, rawOf } from '../formats/text.ts';
import { catalogue } from '../functions/catalogue.ts';
import { TargetError } from '../grammar/target.ts';
import type { Series } from '../series/series.ts';
import { parseAtTime } from '../time/at-time.ts';
import { isTimeZone } from '../time/zone.ts';
import type { Fields } from './fields.ts';
import type { QueryParts } from './queries.ts';

const maxTargets = 500;
/** Points that a request may read and compute: 64 MiB of values. */
const maxPoints = 8_000_000;
/** Less than what who carries the request waits. Meanwhile the thread takes nothing in. */
const maxMs = 4_000;

const encoder = new TextEncoder();
const evaluation = new Evaluation(catalogue);

/**
 * Answers `/render`: targets computed from `from` (a day ago) until `until` (now), as json, csv, raw or svg. Throws a TargetError for what
 * cannot be read or computed.
 */
export function answerRender(fields: Fields, parts: QueryParts): RouteReply {
  const context = contextOf(fields, parts);
  const targets = fields.all('target').filter((target) => target.trim() !== '');
  if (targets.length > maxTargets)
    throw new TargetError(`a request has at most ${maxTargets} targets, and this one ${targets.length}`);
  if (fields.text('jsonp') !== undefined)
    throw new TargetError("'jsonp' is not answered: it would let pages of other sites read what is here");
  const list = targets.flatMap((target) => evaluation.series(target, context));
  const format = formatOf(fields);
  switch (format) {
    case 'json':
      return { status: 200, type: 'application/json', body: jsonOf(list, jsonOptions(fields)) };
    case 'csv':
      return text('text/csv; charset=utf-8', csvOf(list, context.zone));
    case 'raw':
      return text('text/plain; charset=utf-8', rawOf(list));
    case 'svg':
      return text('image/svg+xml', graph(list, fields, context));
    default:
      throw new TargetError(`there is no format '${format}'; take json, csv, raw or svg`);
  }
}

function formatOf(fields: Fields): string {
  if (fields.flag('rawData')) return 'raw';
  return fields.text('format') ?? 'svg';
}

function contextOf(fields: Fields, { reader, clock, random, zone: usualZone }: QueryParts): RenderContext {
  const zone = fields.text('tz') ?? usualZone;
  if (!isTimeZone(zone)) throw new TargetError(`'${zone}' is no time zone; write one such as Europe/Paris`);
  const clockNow = Math.floor(clock.now() / 1000);
  const now = timeOf(fields.text('now'), clockNow, { now: clockNow, zone });
  const from = timeOf(fields.text('from'), now - 86_400, { now, zone });
  const until = timeOf(fields.text('until'), now, { now, zone });
  if (from === until) throw new TargetError("'from' and 'until' are the same time");
  const started = clock.monotonic();
  const share = Number(fields.text('xFilesFactor') ?? 0);
  if (!(share >= 0 && share <= 1)) throw new TargetError("'xFilesFactor' must be between 0 and 1");
  return {
    ...{ reader, now, zone, random, xFilesFactor: share },
    from: Math.min(from, until),
    until: Math.max(from, until),
    templateValues: templateValues(fields),
    budget: new Budget(maxPoints, () => clock.monotonic() - started > maxMs),
    stacks: new Map(),
  };
}

/** A time within what dates can say. */
function timeOf(text: string | undefined, otherwise: number, frame: { now: number; zone: string }): number {
  if (text === undefined || text === '') return otherwise;
  const time = parseAtTime(text, frame);
  if (!(time >= 0 && time < 2 ** 32)) throw new TargetError(`'${text}' is before 1970 or after 2106`);
  return time;
}

/** `template[name]=value` of the request. */
function templateValues(fields: Fields): Map<string, string> {
  const values = new Map<string, string>();
  for (const name of fields.names()) {
    const found = /^template\[(\w+)\]$/.exec(name)?.[1];
    if (found !== undefined) values.set(found, fields.text(name)!);
  }
  return values;
}

function jsonOptions(fields: Fields): { maxDataPoints?: number; noNullPoints?: boolean } {
  const most = Math.trunc(Number(fields.text('maxDataPoints') ?? 0));
  return { ...(most >= 1 && { maxDataPoints: most }), noNullPoints: fields.flag('noNullPoints') };
}

function graph(list: Series[], fields: Fields, { from, until, zone }: RenderContext): string {
  return svgOf(
    list,
    graphOptions((name) => fields.text(name), { from, until, zone }),
  );
}

/** A reply of text that is ready. */
export function text(type: string, body: string): RouteReply {
  return { status: 200, type, body: encoder.encode(body) };
}
