import { chosenBy, standingOf } from '../../alerting/routing/alerts.ts';
import type { HandlerPolicy } from '../../alerting/routing/model.ts';
import { isMeant } from '../../alerting/suppression/matched.ts';
import { matcherText } from '../../alerting/suppression/matcher.ts';
import type { SuppressionEvent } from '../../alerting/suppression/model.ts';
import type { CheckObject } from '../../configuration/model.ts';
import type { HostDeps } from '../host/deps.ts';
import { checkFacts } from './alert-book.ts';
import type { Audience, Occurrence } from './notifications.ts';

/** Checks that a summary names. */
const namesShown = 3;

/** What handlers are told of the start or end of a downtime, acknowledgement or silence, and which ones; null where nobody is. */
export function suppressionNews(
  deps: HostDeps,
  event: SuppressionEvent,
  policies: readonly HandlerPolicy[],
): { occurrence: Occurrence; audience: Audience } | null {
  if (event.kind === 'acknowledgement') return acknowledgementNews(deps, event);
  const { id, kind, change, cause, match, by, comment, at, until } = event;
  const checks = checksOf(deps, event);
  const heard = new Set(checks.flatMap((check) => (check.shadow ? [] : chosenBy(check, policies))));
  const [only] = checks.length === 1 ? checks : [];
  const status = only === undefined ? undefined : deps.board.decided(only.id);
  const names = checks.map(({ name }) => name).sort();
  const occurrence: Occurrence = {
    type: kind,
    key: `${kind}/${id}/${change}@${at}`,
    at,
    summary: `${kind} of ${namesText(names)} ${change === 'started' ? startText(event) : endText(event)}${comment === '' ? '' : `: ${comment}`}`,
    data: {
      id,
      change,
      cause,
      by,
      comment,
      until,
      match: match.map(matcherText),
      checks: names.slice(0, 100),
      ...(only !== undefined && { check: only.id, name: only.name, labels: only.labels }),
      ...(status !== undefined && standingOf(status)),
    },
  };
  const order = only?.id ?? `${kind} ${id}`;
  return { occurrence, audience: { to: ({ name }) => heard.has(name), order } };
}

function acknowledgementNews(
  { board }: HostDeps,
  { id, by, change, cause, comment, at, until }: SuppressionEvent,
): { occurrence: Occurrence; audience: Audience } | null {
  // A recovery is told by itself.
  if (cause === 'recovered') return null;
  const name = id.split('/').at(-1) ?? id;
  const why = comment === '' ? '' : `: ${comment}`;
  const what =
    change === 'started' ? `was acknowledged by ${by}${why}` : `is no longer acknowledged (${cause})`;
  const status = board.decided(id);
  const standing = status === undefined ? {} : standingOf(status);
  return {
    occurrence: {
      type: 'acknowledgement',
      key: `${id}/acknowledgement/${change}@${at}`,
      at,
      summary: `the problem of check ${name} ${what}`,
      data: { check: id, name, change, cause, by, comment, until, ...standing },
    },
    audience: { to: (_, told) => told(id), order: id },
  };
}

/** Those that run here, in whatever state. */
function checksOf({ board, table }: HostDeps, { match }: SuppressionEvent): CheckObject[] {
  return table
    .of('check')
    .filter(({ active, object }) => active && isMeant(match, checkFacts(board, object)))
    .map(({ object }) => object);
}

function namesText(names: string[]): string {
  if (names.length === 0) return 'no check';
  const rest = names.length - namesShown;
  return `${names.slice(0, namesShown).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function startText({ by, cause, until }: SuppressionEvent): string {
  const why = cause === 'problem' ? ' with a problem' : '';
  const end = until === null ? '' : `, until ${new Date(until).toISOString()}`;
  return `began${why} (by ${by}${end})`;
}

function endText({ by, cause }: SuppressionEvent): string {
  return cause === 'removed' ? `was taken away by ${by}` : `ended (${cause})`;
}
