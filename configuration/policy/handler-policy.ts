import type { EventType, Json, JsonObject } from 'opsbro/sdk';
import { weeklyCalendar } from '../../alerting/calendar/weekly.ts';
import { parseDuration } from '../sources/duration.ts';
import { isMapping } from '../sources/split.ts';
import { escalationOf } from './escalation.ts';
import { nameList } from './handler-names.ts';
import type { HandlerPolicy, QuietHours } from './model.ts';
import type { Report } from './report.ts';

/** Of a handler with `group_by`, as Alertmanager has them; without, everything is told at once. */
const groupWaitMs = 30_000;
const groupIntervalMs = 300_000;

/** How a handler with this id and these keys, which fit their schema, wants to be told. */
export function handlerPolicy(
  id: string,
  own: JsonObject,
  handlers: ReadonlySet<string>,
  report: Report,
): HandlerPolicy {
  const groupBy = nameList(own.group_by) ?? [];
  const isGrouping = groupBy.length > 0;
  for (const key of isGrouping ? [] : ['group_wait', 'group_interval'])
    if (Object.hasOwn(own, key)) {
      const message = `'${key}' has no effect without 'group_by': every check is told by itself, at once`;
      report('warning', 'OPSBRO_CONFIG_UNKNOWN_KEY', message, [key], 'key');
    }
  return {
    groupBy,
    groupWaitMs: isGrouping ? (parseDuration(own.group_wait) ?? groupWaitMs) : 0,
    groupIntervalMs: isGrouping ? (parseDuration(own.group_interval) ?? groupIntervalMs) : 0,
    repeatIntervalMs: parseDuration(own.repeat_interval) ?? null,
    quietHours: quietHoursOf(own.quiet_hours, report),
    events: Array.isArray(own.events) ? (own.events as EventType[]) : null,
    escalation: escalationOf(`handler ${id}`, own.escalation, handlers, report),
    canaryMs: parseDuration(own.canary) ?? null,
  };
}

function quietHoursOf(value: Json | undefined, report: Report): QuietHours[] {
  const entries = (Array.isArray(value) ? value : []).filter(isMapping);
  return entries.map((entry, index) => {
    const days = nameList(entry.days)?.join(',') ?? String(entry.days ?? '');
    const timezone = typeof entry.timezone === 'string' ? entry.timezone : null;
    const hours = `${days} ${entry.from}-${entry.to}`.trim();
    try {
      weeklyCalendar(hours, timezone ?? undefined);
    } catch (error) {
      const { message } = error as Error;
      report('error', 'OPSBRO_CONFIG_TYPE', `'quiet_hours': ${message}`, ['quiet_hours', index]);
    }
    return { hours, timezone, except: (nameList(entry.except) ?? []) as QuietHours['except'] };
  });
}
