import type { Json } from 'opsbro/sdk';
import { parseDuration } from '../sources/duration.ts';
import { isMapping } from '../sources/split.ts';
import { checkHandlerNames, nameList } from './handler-names.ts';
import type { EscalationStep } from './model.ts';
import type { Report } from './report.ts';

/** The steps of an `escalation:` of `subject`, the soonest first. */
export function escalationOf(
  subject: string,
  value: Json | undefined,
  handlers: ReadonlySet<string>,
  report: Report,
): EscalationStep[] {
  const steps = (Array.isArray(value) ? value : []).filter(isMapping);
  for (const [index, step] of steps.entries())
    checkHandlerNames(subject, step.handlers, ['escalation', index, 'handlers'], handlers, report);
  return steps
    .map((step) => ({ afterMs: parseDuration(step.after) ?? 0, handlers: nameList(step.handlers) ?? [] }))
    .sort((a, b) => a.afterMs - b.afterMs);
}
