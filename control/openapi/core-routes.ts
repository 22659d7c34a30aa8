import type { JsonObject } from 'opsbro/sdk';

/** What is written of one route beside its method, path and scope. */
export interface RouteDocument {
  /** One sentence, without a final dot. */
  summary: string;
  /** Query parameters by name: what each does, and its type where that is not text. */
  query?: { [name: string]: string | [about: string, schema: JsonObject] };
  body?: JsonObject;
  /** Schema of the body of a good answer. */
  answer: JsonObject;
  /** Status of a good answer, 200 when not said. */
  status?: number;
}

const ref = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });
const list = (name: string): JsonObject => ({ type: 'array', items: ref(name) });
const text: JsonObject = { type: 'string' };
const integer: JsonObject = { type: 'integer' };

function object(properties: JsonObject, required: string[] = []): JsonObject {
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}

const since = { since: 'only what is not older than this time, RFC 3339' };
const byWhom = { by: 'who does it, for the history' };
const described = (description: string, schema: JsonObject = text): JsonObject => ({
  ...schema,
  description,
});
const many = (items: JsonObject): JsonObject => ({ type: 'array', items });
const state: JsonObject = { enum: ['ok', 'warning', 'critical', 'unknown'] };
const texts: JsonObject = { type: 'array', items: text };
const matched = {
  match: described('matchers, of which a check must fit all: a name, or `state=critical`', texts),
  by: text,
  comment: text,
};

const agent: { [route: string]: RouteDocument } = {
  'GET /api/openapi.json': { summary: 'This document', answer: { type: 'object' } },
  'GET /api/v1/agent': {
    summary: 'How the agent itself does',
    query: { ticks: ['the loop delay of the last so many ticks of 50 ms', integer] },
    answer: ref('AgentView'),
  },
  'POST /api/v1/agent/stop': { summary: 'Stop the agent', answer: ref('AcceptedView') },
  'POST /api/v1/agent/reload': { summary: 'Read the configuration again', answer: ref('ReloadView') },
  'GET /api/v1/threads': { summary: 'How many threads run', answer: ref('ThreadsView') },
  'GET /api/v1/logs': {
    summary: 'The last events of the log',
    query: {
      after: ['those after this number', integer],
      part: 'a plugin, as `collector/memory`, or `agent`',
    },
    answer: ref('LogsView'),
  },
};

const objects: { [route: string]: RouteDocument } = {
  'GET /api/v1/collectors': {
    summary: 'Every collector and how its last run went',
    query: { results: '`1`: with what each measured' },
    answer: list('CollectorView'),
  },
  'GET /api/v1/collectors/*name': {
    summary: 'One collector, with what it measured',
    answer: ref('CollectorView'),
  },
  'POST /api/v1/collectors/:name/run': { summary: 'Run a collector now', answer: ref('CollectorView') },
  'GET /api/v1/detectors': {
    summary: 'Every detector and the groups it gives',
    answer: list('DetectorView'),
  },
  'POST /api/v1/detectors/run': { summary: 'Run all detectors now', answer: ref('DetectorsRunView') },
  'GET /api/v1/groups': { summary: 'The groups this host is in, and why', answer: ref('GroupsView') },
  'GET /api/v1/checks': {
    summary: 'Every check and how it stands',
    query: { measured_since: 'RFC 3339: only those with figures, of a run since then; in no order' },
    answer: list('CheckView'),
  },
  'GET /api/v1/checks/*name': { summary: 'One check, by its name or id', answer: ref('CheckView') },
  'POST /api/v1/checks/:name/run': { summary: 'Run a check now', answer: ref('CheckView') },
  'GET /api/v1/history/:kind': {
    summary: 'What changed, newest last, of `collectors`, `detectors`, `checks` …',
    query: { ...since, id: 'only of the object with this id' },
    answer: ref('HistoryView'),
  },
  'GET /api/v1/report/checks': {
    summary: 'How the checks fared since a time: availability, outages, mean time to repair',
    query: since,
    answer: ref('ChecksReportView'),
  },
  'GET /api/v1/report/compare': {
    summary: 'Where two checks disagreed',
    query: { left: 'a check', right: 'another one', ...since },
    answer: ref('ComparisonView'),
  },
  'GET /api/v1/explain/checks/*name': {
    summary: 'Why a check is what it is, and why whom was told or not',
    query: {
      at: 'as it was then, RFC 3339',
      if: '`ok`, `warning`, `critical` or `unknown`: who would be told if it were so now',
      ...since,
    },
    answer: ref('CheckExplanationView'),
  },
};

const suppression: { [route: string]: RouteDocument } = {
  'GET /api/v1/downtimes': { summary: 'Planned times without notifications', answer: list('DowntimeView') },
  'POST /api/v1/downtimes': {
    summary: 'Plan a downtime',
    body: object(
      {
        ...matched,
        from: described('RFC 3339, or a clock time such as `23:00`, the next one; now when not said'),
        until: described('RFC 3339, a clock time, the next one after that, or a duration'),
        duration: described('`2h`'),
        cron: described('when it comes again, as cron writes it'),
        hours: described('weekly hours, as `sat,sun 00:00-24:00`'),
        timezone: text,
        flexible: described('begins with the problem, and lasts so long'),
      },
      ['match'],
    ),
    answer: ref('DowntimeView'),
    status: 201,
  },
  'DELETE /api/v1/downtimes/*id': { summary: 'End a downtime', query: byWhom, answer: ref('RemovedView') },
  'GET /api/v1/silences': { summary: 'What is silenced', answer: list('SilenceView') },
  'POST /api/v1/silences': {
    summary: 'Silence checks from now on',
    body: object(
      { ...matched, until: described('RFC 3339, a clock time, a duration such as `2h`, or `resolved`') },
      ['match'],
    ),
    answer: ref('SilenceView'),
    status: 201,
  },
  'DELETE /api/v1/silences/*id': { summary: 'End a silence', query: byWhom, answer: ref('RemovedView') },
  'GET /api/v1/held': {
    summary: 'Checks that somebody acknowledged, silenced or planned a downtime of, as it holds now',
    answer: list('HeldCheckView'),
  },
  'GET /api/v1/acknowledgements': {
    summary: 'Problems that somebody knows of',
    answer: list('AcknowledgementView'),
  },
  'POST /api/v1/acknowledgements': {
    summary: 'Acknowledge the problem of a check',
    body: object(
      {
        check: described('its name or id'),
        by: text,
        comment: text,
        until: described('RFC 3339, a clock time such as `18:00`, or a duration such as `2h`'),
        sticky: described('also when it becomes worse', { type: 'boolean' }),
      },
      ['check'],
    ),
    answer: ref('AcknowledgementView'),
    status: 201,
  },
  'DELETE /api/v1/acknowledgements/*id': {
    summary: 'Take an acknowledgement back, by the name or id of its check',
    query: byWhom,
    answer: ref('RemovedView'),
  },
};

const serials: JsonObject = {
  type: ['array', 'null'],
  items: integer,
  description: 'null: all, and of `drop` all that were given up',
};
const handlers: { [route: string]: RouteDocument } = {
  'GET /api/v1/handlers': { summary: 'Who is told of what, and how that fares', answer: list('HandlerView') },
  'GET /api/v1/handlers/*name': { summary: 'One handler', answer: ref('HandlerView') },
  'POST /api/v1/handlers/:name/test': {
    summary: 'Send a marked test by a handler, past the outbox',
    body: object({ check: described('as if this check had a problem') }),
    answer: ref('HandlerTestView'),
  },
  'GET /api/v1/outbox': {
    summary: 'Notifications that wait, and those that were given up',
    query: { handler: 'those of one handler' },
    answer: list('OutboxEntryView'),
  },
  'GET /api/v1/outbox/:serial': { summary: 'One of them in full', answer: ref('OutboxDetailView') },
  'POST /api/v1/outbox/retry': {
    summary: 'Try to deliver now',
    body: object({ serials }, ['serials']),
    answer: ref('OutboxChangeView'),
  },
  'POST /api/v1/outbox/drop': {
    summary: 'Give notifications up',
    body: object({ serials }, ['serials']),
    answer: ref('OutboxChangeView'),
  },
  'POST /api/v1/passive': {
    summary: 'Tell, as a service, of checks that others run, of their results, and of messages',
    body: object(
      {
        plugin: described('the service, as `listener/overc`'),
        checks: described('those that are new or changed', many(object({ id: text }, ['id']))),
        removed: described('ids of those that are gone', texts),
        handed_over: described(
          'ids of those that another agent has from now on: nobody is told of their end',
          texts,
        ),
        results: described(
          'in order',
          many(object({ check: text, state, output: text }, ['check', 'state'])),
        ),
        alerts: many(object({ key: text, summary: text }, ['key', 'summary'])),
      },
      ['plugin'],
    ),
    answer: object(
      {
        refused: described('checks that are none, or that the configuration has', integer),
        held: described('messages about checks that a downtime or silence is for', integer),
      },
      ['refused', 'held'],
    ),
  },
};

const inside: { [route: string]: RouteDocument } = {
  'GET /api/v1/plugins': { summary: 'Every plugin and how it fares', answer: list('PluginView') },
  'GET /api/v1/plugins/*id': {
    summary: 'One plugin, with its manifest and objects',
    answer: ref('PluginView'),
  },
  'POST /api/v1/plugins/:kind/:name/quarantine': {
    summary: 'Keep a plugin from running',
    body: object({ reason: text }),
    answer: ref('QuarantinedView'),
  },
  'POST /api/v1/plugins/:kind/:name/release': {
    summary: 'Let a plugin run again',
    answer: ref('ReleasedView'),
  },
  'GET /api/v1/evaluator/functions': {
    summary: 'The functions of expressions',
    answer: list('FunctionView'),
  },
  'POST /api/v1/evaluator/eval': {
    summary: 'Evaluate an expression',
    body: object(
      {
        expression: text,
        explain: described('with the value of each part', { type: 'boolean' }),
        language: { enum: ['opsbro', 'javascript'] },
        as: described('a check, whose parameters and data it sees'),
      },
      ['expression'],
    ),
    answer: ref('EvaluationView'),
  },
  'GET /api/v1/config/status': {
    summary: 'What was read of the configuration, and what is wrong with it',
    answer: ref('ConfigStatusView'),
  },
  'GET /api/v1/config/running': { summary: 'The objects that run', answer: list('RunningObjectView') },
  'GET /api/v1/config/running/*id': {
    summary: 'What an object that runs says of itself',
    answer: ref('RunningKeysView'),
  },
  'GET /api/v1/config/objects': {
    summary: 'Every object with all of its keys, and where each comes from',
    answer: list('ShownObjectView'),
  },
  'GET /api/v1/config/objects/*id': { summary: 'One of them', answer: list('ShownObjectView') },
};

const old: { [route: string]: RouteDocument } = {
  'GET /agent/info': { summary: 'Facts of the agent', answer: ref('OldInfo') },
  'GET /agent/state': {
    summary: 'Whether everything has run once',
    answer: { enum: ['ok', 'initializing'] },
  },
  'GET /agent/name': { summary: 'Name of this node', answer: text },
  'GET /agent/uuid': { summary: 'Uuid of this node', answer: text },
  'GET /agent/members': { summary: 'The nodes of the cluster', answer: ref('OldMembers') },
  'GET /agent/members/history': { summary: 'What changed of nodes', answer: ref('OldHistory') },
  'GET /agent/detectors': { summary: 'Every detector', answer: list('OldDetector') },
  'GET /agent/detectors/state': { summary: 'The groups of this host', answer: texts },
  'GET /agent/detectors/history': { summary: 'What changed of groups', answer: ref('OldHistory') },
  'GET /agent/collectors/history': { summary: 'What changed of collectors', answer: ref('OldHistory') },
  'GET /collectors': { summary: 'Every collector', answer: list('OldCollector') },
  'GET /collectors/:name': {
    summary: 'One collector; null where there is none',
    answer: { anyOf: [ref('OldCollector'), { type: 'null' }] },
  },
  'GET /monitoring/state': { summary: 'The checks of this node', answer: ref('OldState') },
  'GET /monitoring/state/:name': { summary: 'The checks of a node, by its uuid', answer: ref('OldState') },
  'GET /monitoring/history/checks': { summary: 'What changed of checks', answer: ref('OldHistory') },
  'GET /monitoring/checks': { summary: 'The checks of this node', answer: ref('OldChecks') },
  'GET /monitoring/checks/*name': { summary: 'One check', answer: ref('OldCheck') },
  'GET /agent/checks': { summary: 'The checks of this node', answer: ref('OldChecks') },
  'GET /agent/checks/*name': { summary: 'One check', answer: ref('OldCheck') },
};

/** What is written of the routes of the agent itself, by method and path. */
export const coreRoutes: { readonly [route: string]: RouteDocument } = {
  ...{ ...agent, ...objects, ...suppression },
  ...{ ...handlers, ...inside, ...old },
};
